"""The refused rows of one intake: written to disk, counted by rule, and digested for the snapshot's identity."""

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.intake.expectations import RowFinding
from scoring.intake.expectations.frames import texts
from scoring.intake.limits import SAMPLE_BREACHES, SAMPLE_ROWS_PER_RULE, keeps_all
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.manifest import Breach, QuarantinedRow
from scoring.snapshots.writing import ContentDigest

ROWS_AT_A_TIME = 1000  # rows as Python values in memory


class Refusals:
    """The refused rows of one intake; holds one page of rows and the counts of each rule in memory.

    Parameters
    ----------
    scratch
        A directory for the rows.
    most
        How many refused rows are all kept; of more, only a sample may be. None to keep all in any case.
    """

    def __init__(self, data_set: DataSet, scratch: Path, most: int | None) -> None:
        self._data_set, self._most = data_set, most
        self._judged, self._carried = scratch / "refused.jsonl", scratch / "carried.jsonl"
        self._content = ContentDigest(arrow_schema(data_set))
        self._numbers: dict[tuple[str, str], Any] = {}  # a digest of the row numbers that break each rule
        self._broken: Counter[tuple[str, str]] = Counter()
        self._sampled = 0
        self.rows = 0

    @property
    def breaches(self) -> int:
        """The number of pairs of a row and a rule that it breaks."""
        return self._broken.total()

    @property
    def complete(self) -> bool:
        """Whether every row is kept with its values."""
        return keeps_all(self.rows, self.breaches, self._most)

    @property
    def kept(self) -> int:
        """Rows that are kept with their values."""
        return self.rows if self.complete else self._sampled

    @property
    def broken_rules(self) -> list[dict[str, Any]]:
        """For each rule, how many rows break it."""
        return [{"rule": rule, "column": about, "rows": count} for (rule, about), count in sorted(self._broken.items())]

    def add(
        self, batch: pa.RecordBatch, numbers: NDArray[np.int64], findings: Sequence[RowFinding], bad: NDArray[np.bool_]
    ) -> None:
        """Take the rows of ``batch`` that ``bad`` marks (shape (rows,)).

        ``numbers`` (shape (rows,)) are their numbers as received, ``findings`` the rules that they break.
        """
        if not bad.any():
            return
        sample = self._sample(findings, bad)
        self._identify(batch, numbers, findings, bad)
        self.rows += int(bad.sum())
        self._sampled += int(sample.sum())
        for finding in findings:
            self._broken[finding.rule, finding.column] += int(finding.failing.sum())
        chosen = np.flatnonzero(bad if self.complete else sample)
        with self._judged.open("a", encoding="utf-8") as file:
            for start in range(0, len(chosen), ROWS_AT_A_TIME):
                page = chosen[start : start + ROWS_AT_A_TIME]
                for row, position in zip(_rows(self._data_set, batch, numbers, findings, page), page, strict=True):
                    _write(file, row, sampled=bool(sample[position]))

    def carry_over(self, rows: Iterable[QuarantinedRow]) -> None:
        """Keep rows that an earlier intake refused; they must come in the order of their numbers."""
        with self._carried.open("a", encoding="utf-8") as file:
            for row in rows:
                _write(file, row, sampled=True)
                self.rows += 1
                self._sampled += 1
                self._broken.update((breach.rule, breach.column) for breach in row.breaches)

    def read(self) -> Iterator[QuarantinedRow]:
        """The rows that are kept, in the order of their numbers."""
        whole = self.complete
        return heapq.merge(
            *(_read(path, whole=whole) for path in (self._judged, self._carried)), key=attrgetter("row_number")
        )

    def identity(self) -> dict[str, str]:
        """The refused rows' part of the snapshot digest: of the rows, or, for a sample, of values and row numbers."""
        if self.complete:
            return {"refused": rows_digest(self.read())}
        numbers = {f"{rule} {about}": digest.hexdigest() for (rule, about), digest in sorted(self._numbers.items())}
        return {"refused_sampled": self._content.hexdigest(numbers=numbers)}

    def _sample(self, findings: Sequence[RowFinding], bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows belong to the sample: the first breaches, and the first rows that break each rule."""
        broken = np.sum([finding.failing for finding in findings], axis=0, dtype=np.int64)
        sample = bad & (self.breaches + np.cumsum(broken) <= SAMPLE_BREACHES)
        for finding in findings:
            missing = max(SAMPLE_ROWS_PER_RULE - self._broken[finding.rule, finding.column], 0)
            sample[np.flatnonzero(finding.failing)[:missing]] = True
        return sample

    def _identify(
        self, batch: pa.RecordBatch, numbers: NDArray[np.int64], findings: Sequence[RowFinding], bad: NDArray[np.bool_]
    ) -> None:
        self._content.update(batch.filter(pa.array(bad)))
        for finding in findings:
            digest = self._numbers.setdefault((finding.rule, finding.column), hashlib.sha256())
            digest.update(numbers[finding.failing].tobytes())


def rows_digest(rows: Iterable[QuarantinedRow]) -> str:
    """SHA-256 (64 hex digits) of rows and the rules that they break, read one after the other.

    Equals ``digest_of`` the list of ``[row_number, rule, column, content]``, but never holds that list in memory.
    """
    digest, separator = hashlib.sha256(b"["), ""
    for row in rows:
        for breach in row.breaches:
            entry = f"{separator}[{row.row_number},{_json(breach.rule)},{_json(breach.column)},{row.text}]"
            digest.update(entry.encode())
            separator = ","
    digest.update(b"]")
    return digest.hexdigest()


def _json(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)


def _rows(
    data_set: DataSet,
    batch: pa.RecordBatch,
    numbers: NDArray[np.int64],
    findings: Sequence[RowFinding],
    positions: NDArray[np.intp],
) -> Iterator[QuarantinedRow]:
    """The rows at ``positions`` of a batch, each with its breaches."""
    breaches: list[list[Breach]] = [[] for _ in positions]
    for finding in findings:
        failing = np.flatnonzero(finding.failing[positions])
        values = texts(batch, finding.columns, positions[failing])
        for row, value in zip(failing, values, strict=True):
            breaches[row].append(Breach(finding.rule, finding.column, value))
    contents = batch.take(pa.array(positions)).to_pylist()
    for position, content, broken in zip(positions, contents, breaches, strict=True):
        in_order = tuple(sorted(broken, key=attrgetter("rule", "column")))
        yield QuarantinedRow(int(numbers[position]), content[data_set.key], _json(content), in_order)


def _write(file: Any, row: QuarantinedRow, *, sampled: bool) -> None:
    breaches = [(breach.rule, breach.column, breach.value) for breach in row.breaches]
    file.write(json.dumps([sampled, row.row_number, row.customer_id, row.text, breaches]) + "\n")


def _read(path: Path, *, whole: bool) -> Iterator[QuarantinedRow]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            sampled, number, customer_id, text, breaches = json.loads(line)
            if sampled or whole:
                yield QuarantinedRow(number, customer_id, text, tuple(Breach(*breach) for breach in breaches))
