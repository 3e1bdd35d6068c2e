"""The rules that received rows must keep: Great Expectations suites, checked batch by batch.

Importing Great Expectations takes seconds, so it is imported when a suite is loaded and not before.
"""

from pathlib import Path

from scoring.domain.dataset import DataSet
from scoring.intake.expectations.findings import RowFinding, TableFinding
from scoring.intake.expectations.suite import Suite
from scoring.intake.expectations.validation import Validation

__all__ = ["RowFinding", "Suite", "TableFinding", "Validation", "load_suite"]


def load_suite(directory: Path, data_set: DataSet) -> Suite:
    """Load the suite of a data set, with the critical rules that its definition implies.

    Implied are: not null for each column that is not nullable, and the values of each category. A rule of
    the same type about the same column in the suite takes the implied one's place.

    Parameters
    ----------
    directory
        The Great Expectations file context; nothing in it is changed but ``uncommitted/``.

    Raises
    ------
    ConfigurationError
        If the directory holds no Great Expectations context that can be opened.
    DefinitionError
        If the suite is missing, or one of its expectations cannot be used; names it and the reason.
    """
    from scoring.intake.expectations.loading import load

    return load(directory, data_set)
