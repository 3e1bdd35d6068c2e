"""The scoring pipeline: takes customers in, scores them, publishes the scores and tells the CRM what changed."""

__version__ = "0.1.0"
