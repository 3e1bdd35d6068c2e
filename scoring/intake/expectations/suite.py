"""A loaded suite: the rules of one data set, independent of any input."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.intake.expectations.rules import Rule
from scoring.intake.expectations.tally import RuleResult
from scoring.intake.expectations.validation import Validation

if TYPE_CHECKING:  # importing Great Expectations takes seconds
    from scoring.intake.expectations.docs import DataDocs
    from scoring.intake.expectations.engine import Engine


@dataclass(frozen=True)
class Suite:
    """The rules of one data set; ``scoring.intake.expectations.load_suite`` makes it, and it can be used many times."""

    data_set: DataSet
    rules: tuple[Rule, ...]
    engine: "Engine"
    docs: "DataDocs"

    @property
    def digest(self) -> str:
        """Digest of every rule's type, arguments and severity, whatever their order."""
        return digest_of(sorted(digest_of(rule.content) for rule in self.rules))

    def validation(self) -> Validation:
        """A new validation: of one input, from its first batch to its table rules."""
        return Validation(self.data_set, self.rules, self.engine)

    def write_docs(self, results: Sequence[RuleResult], as_of: dt.date, name: str, *, kept: int) -> str:
        """Store the results of a validation and build its Data Docs page; returns the page's path.

        ``name`` is said in the page; of its validations those of the ``kept`` newest dates stay, one for each date.
        """
        return self.docs.write(self.data_set.suite_name, results, as_of, name, kept)
