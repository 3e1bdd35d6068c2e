"""Snapshots in, rows with all features of a score out: what earlier snapshots say, and what its transform makes."""
