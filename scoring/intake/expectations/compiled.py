"""The critical row rules of a suite for callers with few rows at a time; nothing is counted over batches."""

import threading
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from scoring.intake.expectations.findings import RowFinding
from scoring.intake.expectations.kernels import compiled
from scoring.intake.expectations.single import passing
from scoring.intake.expectations.suite import Suite
from scoring.intake.expectations.validation import Validation


class RowChecks:
    """The critical row rules of a suite, as an ingest applies them; may be used by many threads."""

    def __init__(self, suite: Suite) -> None:
        critical = [rule for rule in suite.rules if rule.critical and rule.by_row]
        self._compiled = [
            (rule, rule.columns[0], check) for rule in critical if (check := compiled(rule, suite.data_set)) is not None
        ]
        quick = {rule for rule, _, _ in self._compiled}
        self._slow = [rule for rule in critical if rule not in quick]
        single = [(rule.columns[0], passing(rule, suite.data_set)) for rule in critical if rule in quick]
        self._single = [(name, passes) for name, passes in single if passes is not None]
        self._all_single = len(self._single) == len(critical)
        self._suite, self._lock = suite, threading.Lock()

    @property
    def slow(self) -> list[str]:
        """The names of the rules that Great Expectations judges itself."""
        return [rule.name for rule in self._slow]

    def passes(self, row: Mapping[str, Any]) -> bool:
        """Whether a row (a value for each column) certainly breaks no rule; if not, :meth:`check` has to say."""
        return self._all_single and all(passes(row[name]) for name, passes in self._single)

    def check(self, batch: pa.RecordBatch) -> list[RowFinding]:
        """The rules that rows of a batch break: the same as the critical ones of ``Validation.check_rows``.

        Raises
        ------
        DefinitionError
            If a rule cannot be computed.
        """
        found, slow = [], list(self._slow)
        for rule, name, check in self._compiled:
            failing = check(batch.column(name))
            if failing is None:
                slow.append(rule)
            elif len(failing) and failing.any():
                found.append(RowFinding(rule.name, rule.column or "", rule.columns, rule.critical, failing))
        if slow and batch.num_rows:
            with self._lock:  # Great Expectations keeps the last frame
                found += Validation(self._suite.data_set, slow, self._suite.engine).check_rows(batch)
        return found
