"""Source in, snapshot out: reads, validates, quarantines and records one partition of a data set."""
