"""Pure rules: what a data set, a score, a change and a retry schedule are. No clock, no environment, no I/O."""
