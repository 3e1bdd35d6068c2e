"""Definition files in; data sets and scores by name out, and a list of the mistakes in the files.

A mistake takes away only the data set or score that it is in: all others are there.
"""

from scoring.catalog.catalog import Catalog, load_catalog
from scoring.catalog.problems import Problem, told

__all__ = ["Catalog", "Problem", "load_catalog", "told"]
