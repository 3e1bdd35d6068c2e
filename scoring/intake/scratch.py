"""Temporary directories for the rows of an intake: those of :mod:`scoring.snapshots.scratch`."""

from scoring.snapshots.scratch import remove_abandoned_scratch, scratch_directory

__all__ = ["remove_abandoned_scratch", "scratch_directory"]
