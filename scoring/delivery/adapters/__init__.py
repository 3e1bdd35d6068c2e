"""Adapters send events: one for each kind of endpoint, all with the same contract. The webhook is the first."""
