"""How events leave: one module for each kind of endpoint, all by one contract. The webhook is the first."""
