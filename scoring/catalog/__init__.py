"""Files of definitions in; data sets and scores by name out, and a list of what is wrong in the files.

A mistake takes away what it defines and nothing else: the other data sets and scores are there.
"""

from scoring.catalog.catalog import Catalog, load_catalog
from scoring.catalog.problems import Problem, told

__all__ = ["Catalog", "Problem", "load_catalog", "told"]
