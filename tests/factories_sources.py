"""Files of a data set that has a column of each type, good and broken, and what the reader says of them."""

import datetime as dt
from pathlib import Path

import pytest

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.errors import SourceError
from scoring.intake import sources

AS_OF = dt.date(2005, 6, 30)
HEADER = "id,name,age,income,debt,since,active\n"
GOOD = "0001,Ada,36,1234.5,10.25,2001-02-03,true\n"
COLUMNS = (
    Column(name="id", type="text"),
    Column(name="name", type="text"),
    Column(name="age", type="integer"),
    Column(name="income", type="number"),
    Column(name="debt", type="decimal", precision=6, scale=2),
    Column(name="since", type="date"),
    Column(name="active", type="boolean"),
)
PEOPLE = DataSet(name="people", title="People", key="id", columns=COLUMNS, source=CsvSource(path="people_{as_of}.csv"))
FILE = "people_2005-06-30.csv"


def read_rows(data_set: DataSet, inbox: Path, path: str | None = None, batch_rows: int = 1000) -> list[dict]:
    with sources.read(data_set, AS_OF, inbox=str(inbox), source_urls={}, path=path, batch_rows=batch_rows) as received:
        return [row for batch in received.batches for row in batch.to_pylist()]


def refused(inbox: Path, content: bytes, name: str = FILE, **changes) -> SourceError:
    (inbox / name).write_bytes(content)
    data_set = PEOPLE.model_copy(update=changes)
    with pytest.raises(SourceError) as caught:
        read_rows(data_set, inbox, path=None if name == FILE else name)
    assert str(inbox / name) in str(caught.value)
    assert "Remedy: " in str(caught.value)
    return caught.value


def text(*rows: str, header: str = HEADER) -> bytes:
    return (header + "".join(rows)).encode()


def with_cell(position: int, cell: str) -> str:
    cells = GOOD.rstrip("\n").split(",")
    cells[position] = cell
    return ",".join(cells) + "\n"
