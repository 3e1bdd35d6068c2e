"""Rows of every type, and the digest under which they become a snapshot, however their source writes them."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
from hypothesis import strategies as st

from scoring.domain.dataset import Column, CsvSource, DataSet, Source
from scoring.intake import sources
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.writing import ContentDigest

AS_OF = dt.date(2005, 6, 30)
COLUMNS = (
    Column(name="id", type="text", source="Kunden-Nr. (neu)"),
    Column(name="grade", type="category", values=("A", "B"), nullable=True, source="credit.grade"),
    Column(name="visits", type="integer", nullable=True, source="Besuche"),
    Column(name="income", type="number", nullable=True, source="Einkommen, netto"),
    Column(name="debt", type="decimal", precision=12, scale=2, nullable=True, source='Soll "alt"'),
    Column(name="since", type="date", nullable=True, source="seit"),
    Column(name="seen", type="timestamp", nullable=True, source="zuletzt gesehen"),
    Column(name="active", type="boolean", nullable=True, source="aktiv?"),
)
YEARS = dt.datetime(1900, 3, 1), dt.datetime(9999, 12, 30)  # noqa: DTZ001 - hypothesis adds the zone
NAMES = [column.name for column in COLUMNS]
CALLED = [column.source_name for column in COLUMNS]


def people(source: Source, **changes: dict) -> DataSet:
    """The data set; ``changes`` are fields of columns, by name."""
    columns = tuple(column.model_copy(update=changes.get(column.name, {})) for column in COLUMNS)
    return DataSet(name="people", title="People", key="id", columns=columns, source=source)


PLAIN = people(CsvSource(path="people.csv"), **{name: {"source": None} for name in NAMES})


def digest(data_set: DataSet, path: Path, batch_rows: int = 1000) -> str:
    """What decides the name of the snapshot that a file becomes: its rows, in order."""
    content = ContentDigest(arrow_schema(data_set))
    reading = sources.read(
        data_set, AS_OF, inbox=str(path.parent), source_urls={}, path=path.name, batch_rows=batch_rows
    )
    with reading as received:
        for batch in received.batches:
            content.update(batch)
    return content.hexdigest()


def digest_of_rows(rows: list[dict]) -> str:
    content = ContentDigest(arrow_schema(PLAIN))
    content.update(pa.Table.from_pylist(rows, arrow_schema(PLAIN)))
    return content.hexdigest()


def rows(text: st.SearchStrategy[str], *, integers: int = 2**63, milliseconds: bool = False) -> st.SearchStrategy:
    """Lists of rows; timestamps have milliseconds where a source cannot write more."""
    moments = st.datetimes(*YEARS, timezones=st.just(dt.UTC))
    if milliseconds:
        moments = moments.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
    return st.lists(
        st.fixed_dictionaries(
            {
                "id": text,
                "grade": st.none() | st.sampled_from(["A", "B"]) | text,
                "visits": st.none() | st.integers(-integers, integers - 1),
                "income": st.none() | st.floats(allow_nan=False, allow_infinity=False),
                "debt": st.none() | st.decimals(-9_999_999_999, 9_999_999_999, places=2),
                "since": st.none() | st.dates(dt.date(1969, 1, 1), dt.date(2068, 12, 31)),
                "seen": st.none() | moments,
                "active": st.none() | st.booleans(),
            }
        ),
        min_size=1,
        max_size=12,
    )
