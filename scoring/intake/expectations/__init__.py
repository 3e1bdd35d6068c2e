"""Checks received rows batch by batch against the Great Expectations suite of their data set.

Importing Great Expectations takes seconds, so it is imported only when a suite is loaded.
"""

from pathlib import Path

from scoring.domain.dataset import DataSet
from scoring.intake.expectations.findings import RowFinding, TableFinding
from scoring.intake.expectations.suite import Suite
from scoring.intake.expectations.validation import Validation

__all__ = ["RowFinding", "Suite", "TableFinding", "Validation", "load_suite"]


def load_suite(directory: Path, data_set: DataSet) -> Suite:
    """Load the suite of a data set, with the critical rules that its definition implies.

    The definition implies not null for each column that is not nullable, and the known values for each category. A
    rule of the suite replaces the implied rule of the same type about the same column.

    Parameters
    ----------
    directory
        The Great Expectations file context; only its ``uncommitted/`` is written to.

    Raises
    ------
    ConfigurationError
        If the directory holds no Great Expectations context that can be opened.
    DefinitionError
        If the suite is missing, or one of its expectations cannot be used; names it and the reason.
    """
    from scoring.intake.expectations.loading import load

    return load(directory, data_set)
