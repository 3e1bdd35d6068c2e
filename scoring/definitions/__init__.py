"""The user's own rooms: one file per data set, with its scores. See docs/adding-a-score.md."""
