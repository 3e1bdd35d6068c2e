"""Snapshot and model in, publication and change events out: all rows become visible at once, or none."""
