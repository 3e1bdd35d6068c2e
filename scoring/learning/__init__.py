"""Snapshots and outcomes in, model versions out."""
