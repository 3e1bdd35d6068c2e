"""Customers in, published values out: the MLflow registry, a version's encoding, and its predictions."""
