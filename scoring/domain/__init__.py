"""The vocabulary of definitions: data set, score, bands, change rule, calendar. No clock, no environment, no I/O."""
