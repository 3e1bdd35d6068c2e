"""One validation: checks an input batch by batch, then as a table, and counts what it finds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.domain.dataset import DataSet
from scoring.intake.expectations import kernels
from scoring.intake.expectations.findings import RowFinding, TableFinding
from scoring.intake.expectations.frames import texts, to_frame
from scoring.intake.expectations.rules import Rule
from scoring.intake.expectations.tally import RuleResult, Tally
from scoring.snapshots.arrow import arrow_schema

if TYPE_CHECKING:  # importing Great Expectations takes seconds
    from scoring.intake.expectations.engine import Engine


class Validation:
    """The check of one input by the rules of a suite; ``Suite.validation`` makes it.

    Rules that can be compiled are checked by Arrow. With ``compiled`` false Great Expectations judges all of them.
    """

    def __init__(self, data_set: DataSet, rules: Sequence[Rule], engine: "Engine", *, compiled: bool = True) -> None:
        self._data_set, self._rules, self._engine = data_set, rules, engine
        found = {rule: kernels.compiled(rule, data_set) for rule in rules if compiled and rule.by_row}
        self._quick = {rule: check for rule, check in found.items() if check is not None}
        self._tallies = {rule: Tally(rule) for rule in rules if rule.by_row}
        self._table: list[RuleResult] = []

    @property
    def results(self) -> list[RuleResult]:
        """What every rule found, over all batches together."""
        return [tally.result() for tally in self._tallies.values()] + self._table

    def aside(self) -> "Validation":
        """Another validation by the same rules, whose results are in nobody's way."""
        return Validation(self._data_set, self._rules, self._engine)

    def check_rows(self, batch: pa.RecordBatch) -> list[RowFinding]:
        """The row rules that rows of this batch break; every failing row counts, whatever ``mostly`` says.

        Parameters
        ----------
        batch
            Columns and types of ``scoring.snapshots.arrow.arrow_schema``.

        Raises
        ------
        DefinitionError
            If a rule cannot be computed; names it and the reason.
        """
        if not batch.num_rows:
            return []
        found: list[RowFinding] = []
        for rule, result, failing in self._judged(batch):
            broken = failing.any()
            values = texts(batch, rule.columns, np.flatnonzero(failing)) if broken else []
            self._tallies[rule].add(result, values)
            if broken:
                found.append(RowFinding(rule.name, rule.column or "", rule.columns, rule.critical, failing))
        return found

    def _judged(self, batch: pa.RecordBatch) -> Iterator[tuple[Rule, Mapping[str, Any], kernels.Flags]]:
        """Each row rule with its counts and the rows (shape (rows,), bool) that fail."""
        left: list[Rule] = []
        for rule in self._tallies:
            check = self._quick.get(rule)
            failing = check(batch.column(rule.columns[0])) if check else None
            if failing is None:
                left.append(rule)
            else:
                yield rule, kernels.counts(rule, batch.column(rule.columns[0])), failing
        for scope in ("row", "pair"):
            if rules := [rule for rule in left if rule.scope == scope]:
                yield from self._engine.rows(to_frame(batch, self._needed(rules), in_pairs=scope == "pair"), rules)

    def check_table(self, columns: Callable[[tuple[str, ...]], pa.Table], rows: int) -> list[TableFinding]:
        """The table rules that do not hold, each computed only on the columns that it needs.

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
            frame = to_frame(columns(names), names) if names else pd.DataFrame(index=pd.RangeIndex(rows))
            self._table += self._engine.table(frame, rules)
        about_columns = [rule for rule in self._rules if rule.scope == "columns"]
        if about_columns:  # every input has the columns of the definition
            empty = to_frame(arrow_schema(self._data_set).empty_table(), self._data_set.column_names)
            self._table += self._engine.table(empty, about_columns)
        return [
            TableFinding(one.rule.name, one.rule.column, one.rule.severity, one.observed)
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

    def _needed(self, rules: Sequence[Rule]) -> tuple[str, ...]:
        needed = set[str]().union(*(rule.needs(self._data_set) for rule in rules))
        return tuple(name for name in self._data_set.column_names if name in needed)

    def _table_rules(self) -> dict[tuple[str, ...], list[Rule]]:
        grouped: dict[tuple[str, ...], list[Rule]] = {}
        for rule in self._rules:
            if rule.scope == "table":
                grouped.setdefault(self._needed([rule]), []).append(rule)
        return grouped
