"""Snapshots and later outcomes in, model versions out."""
