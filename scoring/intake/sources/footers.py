"""Checks what the footer of a file says of its rows: how many there are, and the sums of columns."""

import re
from collections.abc import Generator, Iterator
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from scoring.domain.dataset import Column, DataSet
from scoring.domain.dialect import ROWS, CsvDialect
from scoring.errors import SourceError
from scoring.intake.sources.reasons import short
from scoring.intake.sources.spelling import Speller

_COUNT = Column(name=ROWS, type="integer")
_REMEDY = "Deliver the whole file, or correct the source's footer."


def checked(
    batches: Iterator[pa.RecordBatch], data_set: DataSet, dialect: CsvDialect, text: str, name: str
) -> Generator[pa.RecordBatch, None, None]:
    """The batches; after the last one the footer's ``text`` must be true of them.

    A sum is exact: the values of a ``number`` column count with their shortest decimal digits.

    Raises
    ------
    SourceError
        If the text is not of the footer's form (before the first batch), or a number in it is another one.
    """
    said = _said(data_set, dialect, text, name)
    counted = dict.fromkeys(said, Decimal(0))
    for batch in batches:
        for about in counted:
            counted[about] += batch.num_rows if about == ROWS else _sum(batch, data_set, about)
        yield batch
    for about, expected in said.items():
        if counted[about] != expected:
            what = "rows" if about == ROWS else f"as the sum of {data_set.column(about).source_name!r}"
            raise SourceError(
                name, f"The footer says {expected:,} {what}; the file has {counted[about]:,}.", _REMEDY,
                column=None if about == ROWS else data_set.column(about).source_name,
            )  # fmt: skip


def _said(data_set: DataSet, dialect: CsvDialect, text: str, name: str) -> dict[str, Decimal]:
    found = re.fullmatch(dialect.footer.text, text) if dialect.footer else None
    if found is None:
        raise SourceError(
            name, f"The footer is {short(text)}, which is not of the form that the source names.", _REMEDY
        )
    speller, said = Speller(dialect), {}
    for about, written in found.groupdict().items():
        if written is None:  # of an optional part
            continue
        column = _COUNT if about == ROWS else data_set.column(about).model_copy(update={"type": "decimal"})
        try:
            said[about] = Decimal(speller.plain_text(written, column) or "")
        except InvalidOperation:
            raise SourceError(name, f"The footer has {short(written)} in place of a number.", _REMEDY) from None
    return said


def _sum(batch: pa.RecordBatch, data_set: DataSet, name: str) -> Decimal:
    values = batch.column(data_set.column_names.index(name)).drop_null().to_pylist()
    return sum(map(_decimal, values), Decimal(0))


def _decimal(value: object) -> Decimal:
    """The value; 0 for text that is no number, which is judged elsewhere: a footer that counts it is not true."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)
