"""A score's own function: rows in, the same rows with the columns that it makes out; and the test that it is pure."""
