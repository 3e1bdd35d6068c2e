"""One file for each data set; SCORING_DEFINITIONS names this package."""
