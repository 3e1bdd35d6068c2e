"""Fitted ensembles of trees in, a predictor with the same numbers out: trees as arrays, walked by a compiled kernel."""
