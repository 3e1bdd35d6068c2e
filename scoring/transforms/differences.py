"""Tests on real rows that a transform is pure: a part gives what the whole gives, in any order, and twice the same."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.transforms.run import REMEDY, called, produced, shown

SINGLES = 20  # customers who are tried alone
SEED = 0


@dataclass(frozen=True)
class Difference:
    """The first customer for whom a column has another value among all rows than in another way of asking."""

    column: str
    customer: str
    whole: object
    part: object
    way: str

    def __str__(self) -> str:
        """The difference for people."""
        return (
            f"column {self.column!r} of customer {self.customer!r} is {self.whole!r} among all rows and {self.part!r} "
            f"{self.way}"
        )


def differences(score: Score, data_set: DataSet, rows: pa.Table) -> list[Difference]:
    """How a score's transform depends on more than a customer's own row; empty if it is not seen to.

    Parameters
    ----------
    rows
        Real rows with the key and all columns that the transform uses.

    Raises
    ------
    PermanentError
        If the function cannot be used on them at all (:func:`scoring.transforms.run.with_produced`), or changes what it
        is given.
    """
    if score.transform is None or not rows.num_rows:
        return []
    _refuse_change(score, data_set, rows)
    whole, keys, found = produced(score, data_set, rows), rows.column(data_set.key), list[Difference]()
    for way, chosen in _ways(rows.num_rows):
        part = produced(score, data_set, rows.take(pa.array(chosen)))
        for column, all_, some in zip(score.transform.produces, whole, part, strict=True):
            expected = all_.take(pa.array(chosen))
            if not expected.equals(some):  # nulls are equal, NaN cannot be: it is null
                wrong = _first_other(expected, some)
                customer = str(keys[int(chosen[wrong])].as_py())
                found.append(Difference(column.name, customer, expected[wrong].as_py(), some[wrong].as_py(), way))
    return list({(one.column, one.way): one for one in reversed(found)}.values())[::-1]


def refuse_differences(score: Score, data_set: DataSet, rows: pa.Table) -> None:
    """Refuse a transform that depends on more than a customer's own row.

    Raises
    ------
    PermanentError
        If it does; says how, and as :func:`differences`.
    """
    found = differences(score, data_set, rows)
    if found and score.transform is not None:
        raise PermanentError(
            f"The transform {score.transform.name} of {score.name} depends on more than a customer's own row: "
            f"{'; '.join(map(str, found[:3]))}.",
            remedy=REMEDY,
        )


def _ways(count: int) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Ways to ask for some of so many rows, each with their places."""
    every = np.arange(count)
    yield "when asked again", every
    yield "among the rows in another order", np.random.default_rng(SEED).permutation(count)
    yield "among the first half of the rows", every[: -(-count // 2)]
    if count > 1:
        yield "among the second half of the rows", every[-(-count // 2) :]
    for place in np.unique(np.linspace(0, count - 1, min(SINGLES, count)).astype(np.int64)):
        yield "alone", np.array([place])


def _first_other(expected: pa.Array, found: pa.Array) -> int:
    same = pc.fill_null(pc.equal(expected, found), False)
    both_null = pc.and_(expected.is_null(), found.is_null())
    return int(pc.index(pc.or_(same, both_null), False).as_py())


def _refuse_change(score: Score, data_set: DataSet, rows: pa.Table) -> None:
    assert score.transform is not None  # noqa: S101 - asked by the caller
    frame = shown(score, data_set, rows)
    before = frame.copy(deep=True)
    called(score.name, score.transform, frame)
    if not frame.equals(before):
        changed = [str(name) for name in before if name not in frame or not frame[name].equals(before[name])]
        what = ", ".join(changed) or "its columns"
        raise PermanentError(
            f"The transform {score.transform.name} of {score.name} changes the rows that it is given ({what}).",
            remedy="Let it work on a copy, `frame = frame.copy()`, or make new columns only.",
        )
