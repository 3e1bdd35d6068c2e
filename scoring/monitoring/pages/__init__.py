"""Samples of customers and outcomes in, Evidently's pages for people out: kept per partition under one root."""
