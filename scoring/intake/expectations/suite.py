"""A loaded suite: checks rows batch by batch and the table once, and remembers the counts for Data Docs."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.intake.expectations.findings import TableFinding, Violation
from scoring.intake.expectations.frames import texts, to_frame
from scoring.intake.expectations.rules import Rule
from scoring.intake.expectations.tally import Outcome, Tally

if TYPE_CHECKING:  # else whoever names a Suite would wait for Great Expectations
    from scoring.intake.expectations.docs import DataDocs
    from scoring.intake.expectations.engine import Engine


class Suite:
    """The rules of one data set, used for one input; ``scoring.intake.expectations.load_suite`` makes it."""

    def __init__(self, data_set: DataSet, rules: Sequence[Rule], engine: "Engine", docs: "DataDocs") -> None:
        self.name = data_set.suite_name
        self.rules = tuple(rules)
        self._data_set, self._engine, self._docs = data_set, engine, docs
        self._tallies = {rule: Tally(rule) for rule in rules if rule.by_row}
        self._table: list[Outcome] = []

    @property
    def digest(self) -> str:
        """Digest of every rule's type, arguments and severity, whatever their order."""
        return digest_of(sorted(digest_of(rule.content) for rule in self.rules))

    def check_rows(self, batch: pa.RecordBatch, first_row: int) -> list[Violation]:
        """The rows of one batch that break a row rule, by row number; each failing row counts, not ``mostly``.

        Parameters
        ----------
        batch
            Columns and types of ``scoring.snapshots.arrow.arrow_schema``.
        first_row
            Number of the batch's first row in the whole input, which begins with 1.

        Raises
        ------
        DefinitionError
            If a rule cannot be computed; names it and the reason.
        """
        found: list[Violation] = []
        for in_pairs in (False, True):
            rules = [rule for rule in self._tallies if rule.in_pairs is in_pairs]
            if rules and batch.num_rows:
                frame = to_frame(batch, self._needed(rules), first_row, in_pairs=in_pairs)
                for rule, result, rows in self._engine.rows(frame, rules):
                    values = texts(batch, rule.columns, [row - first_row for row in rows])
                    self._tallies[rule].add(result, values)
                    found += _violations(rule, rows, values)
        return sorted(found, key=lambda violation: violation.row_number)

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
        self._table = []
        for names, rules in self._table_rules().items():
            frame = to_frame(columns(names), names, 1) if names else pd.DataFrame(index=pd.RangeIndex(rows))
            self._table += [Outcome(*found) for found in self._engine.table(frame, rules)]
        return [
            TableFinding(one.rule.name, one.rule.column, one.rule.severity, _observed(one.result))
            for one in self._table
            if not one.success
        ]

    def row_warnings(self) -> list[TableFinding]:
        """The row rules below critical that were broken so far, with the counts over all batches."""
        return [
            TableFinding(rule.name, rule.column, rule.severity, tally.observed)
            for rule, tally in self._tallies.items()
            if tally.unexpected and not rule.critical
        ]

    def write_docs(self, as_of: dt.date, run_name: str) -> str:
        """Store what was found in all batches as one validation and build its Data Docs page; its path."""
        outcomes = [tally.outcome() for tally in self._tallies.values()] + self._table
        return self._docs.write(self.name, outcomes, as_of, run_name)

    def _needed(self, rules: Sequence[Rule]) -> tuple[str, ...]:
        needed = set[str]().union(*(rule.needs(self._data_set) for rule in rules))
        return tuple(name for name in self._data_set.column_names if name in needed)

    def _table_rules(self) -> dict[tuple[str, ...], list[Rule]]:
        grouped: dict[tuple[str, ...], list[Rule]] = {}
        for rule in self.rules:
            if not rule.by_row:
                grouped.setdefault(self._needed([rule]), []).append(rule)
        return grouped


def _violations(rule: Rule, rows: Sequence[int], values: Sequence[str | None]) -> list[Violation]:
    name, column, critical = rule.name, rule.column or "", rule.critical
    return [Violation(row, name, column, value, critical) for row, value in zip(rows, values, strict=True)]


def _observed(result: Any) -> str:
    if "unexpected_count" in result:
        return f"{result['unexpected_count']} of {result['element_count']} rows"
    return str(result.get("observed_value"))
