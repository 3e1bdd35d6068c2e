"""A loaded suite: checks rows batch by batch and the table once, and remembers the counts for Data Docs."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context import FileDataContext

from scoring.domain.dataset import DataSet
from scoring.domain.model import digest_of
from scoring.stores.expectations import docs
from scoring.stores.expectations.engine import Engine, cannot_be_computed
from scoring.stores.expectations.findings import TableFinding, Violation
from scoring.stores.expectations.frames import texts, to_frame
from scoring.stores.expectations.rules import Rule
from scoring.stores.expectations.tally import Tally, validation_result


class Suite:
    """The rules of one data set, used for one input. ``name`` is the suite's; ``rules`` are all of them."""

    def __init__(self, context: FileDataContext, data_set: DataSet, rules: tuple[Rule, ...]) -> None:
        self.name = data_set.suite_name
        self.rules = rules
        self._context, self._data_set = context, data_set
        self._engine = Engine()
        self._tallies = {rule: Tally(rule) for rule in rules if rule.by_row}
        self._row_rules = [
            tuple(rule for rule in self._tallies if rule.in_pairs is in_pairs) for in_pairs in (False, True)
        ]
        self._table_results: list[ExpectationValidationResult] = []

    @property
    def digest(self) -> str:
        """Digest of every rule's type, arguments and severity, whatever their order."""
        return digest_of(sorted(digest_of(rule.content) for rule in self.rules))

    def check_rows(self, batch: pa.RecordBatch, first_row: int) -> list[Violation]:
        """The rows of one batch that break a row rule, by row number; each failing row counts, not ``mostly``.

        Parameters
        ----------
        batch
            Columns and types of ``scoring.arrow.arrow_schema``.
        first_row
            Number of the batch's first row in the whole input, which begins with 1.

        Raises
        ------
        DefinitionError
            If a rule cannot be computed; names it and the reason.
        """
        found: list[Violation] = []
        for rules in self._row_rules if batch.num_rows else ():
            if rules:
                frame = to_frame(batch, self._columns(rules), first_row, in_pairs=rules[0].in_pairs)
                for rule, _, result in self._engine.check(frame, rules):
                    found += self._violations(rule, result, batch, first_row)
        return sorted(found, key=lambda violation: violation.row_number)

    def _violations(self, rule: Rule, result: dict[str, Any], batch: pa.RecordBatch, first_row: int) -> list[Violation]:
        rows = _failing(rule, result)
        values = texts(batch, rule.columns, [row - first_row for row in rows])
        self._tallies[rule].add(result, rows, values)
        return [
            Violation(row, rule.name, rule.column or "", value, rule.critical)
            for row, value in zip(rows, values, strict=True)
        ]

    def check_table(self, columns: Callable[[tuple[str, ...]], pa.Table], rows: int) -> list[TableFinding]:
        """The table rules that do not hold, each computed on the columns that it names and no other.

        Parameters
        ----------
        columns
            Gives a table of the named columns of all rows.
        rows
            Number of rows, for rules that name no column.

        Raises
        ------
        DefinitionError
            If a rule cannot be computed; names it and the reason.
        """
        findings = []
        self._table_results = []
        for names, rules in self._table_rules().items():
            frame = to_frame(columns(names), names, 1) if names else pd.DataFrame(index=pd.RangeIndex(rows))
            for rule, holds, result in self._engine.check(frame, rules):
                self._table_results.append(validation_result(rule, success=holds, result=_without_rows(result)))
                if not holds:
                    findings.append(TableFinding(rule.name, rule.column, rule.severity, _observed(result)))
        return findings

    def row_warnings(self) -> list[TableFinding]:
        """The row rules below critical that were broken so far, with the counts over all batches."""
        return [
            TableFinding(rule.name, rule.column, rule.severity, tally.observed)
            for rule, tally in self._tallies.items()
            if tally.unexpected and not rule.critical
        ]

    def write_docs(self, as_of: dt.date, run_name: str) -> str:
        """Store what was found in all batches as one validation and build its Data Docs page; its path."""
        results = [tally.result() for tally in self._tallies.values()] + self._table_results
        return docs.write(self._context, self.name, results, as_of, run_name)

    def _columns(self, rules: tuple[Rule, ...]) -> tuple[str, ...]:
        read = {name for rule in rules for name in rule.needs(self._data_set)}
        return tuple(name for name in self._data_set.column_names if name in read)

    def _table_rules(self) -> dict[tuple[str, ...], tuple[Rule, ...]]:
        grouped: dict[tuple[str, ...], tuple[Rule, ...]] = {}
        for rule in self.rules:
            if not rule.by_row:
                names = self._columns((rule,))
                grouped[names] = (*grouped.get(names, ()), rule)
        return grouped


def _failing(rule: Rule, result: dict[str, Any]) -> list[int]:
    """Numbers of the failing rows; a rule that does not name each of them must not pass as if it did."""
    rows = [int(row) for row in result.get("unexpected_index_list") or ()]
    if len(rows) != result.get("unexpected_count"):
        raise cannot_be_computed(rule, "it does not say which rows fail (column types stand in the definition).")
    return rows


def _without_rows(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "unexpected_index_list"}


def _observed(result: dict[str, Any]) -> str:
    if "unexpected_count" in result:
        return f"{result['unexpected_count']} of {result['element_count']} rows"
    return str(result.get("observed_value"))
