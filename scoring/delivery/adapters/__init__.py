"""How events leave: one module for each kind of endpoint."""
