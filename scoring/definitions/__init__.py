"""The user's own definitions: one file per data set, with its scores. See docs/adding-a-score.md."""
