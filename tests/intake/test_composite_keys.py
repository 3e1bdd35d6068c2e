"""A key that is a number or several columns does all that a text key does; everywhere else it is one text."""

import csv
import dataclasses
import datetime as dt
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from factories import JULY, JUNE, MAY, events, published, query, register, value
from hypothesis import given
from hypothesis import strategies as st
from keyed_shops import BRANCHED, BRANCHED_SPENDING, NUMBERED, NUMBERED_SPENDING
from pyarrow import parquet

from scoring.catalog import Catalog, load_catalog
from scoring.catalog.catalog import _mistakes
from scoring.customers.forget import forget
from scoring.customers.held import held, subject_of
from scoring.database import transaction
from scoring.domain.dataset import Column, CsvSource, DataSet, ParquetSource
from scoring.domain.features import derived_mistakes
from scoring.domain.history import History
from scoring.domain.keys import joined, whole
from scoring.domain.score import Score
from scoring.errors import PermanentError, SourceError
from scoring.features.customers import Customers
from scoring.features.file import opened_at
from scoring.features.lookback import Lookback
from scoring.intake.expectations import load_suite
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.ingest import ingest
from scoring.intake.messages.reader import Reader
from scoring.intake.messages.text import parsed
from scoring.intake.quarantine import export, quarantined, replay
from scoring.intake.sources.casts import cast_text
from scoring.outcomes.collect import collect
from scoring.publishing.passport import passport, recompute
from scoring.serving.api import named_by
from scoring.snapshots import lake, manifest
from scoring.snapshots.keys import joined_arrays, key_of, key_written, keys_written, record_of
from scoring.streaming.message import Message
from scoring.streaming.reading import Reading

NOW = dt.datetime(2024, 7, 10, 12, tzinfo=dt.UTC)


@dataclass
class Kind:
    """A data set and its score, cells of five keys, and the texts that these are."""

    data_set: DataSet
    score: Score
    header: tuple[str, ...]
    cells: list[tuple[str, ...]]
    ids: list[str]


KINDS = {
    "integer": Kind(
        NUMBERED, NUMBERED_SPENDING, ("customer",), [("7",), ("-12",), ("007000",), ("0",), ("9223372036854775807",)],
        ["7", "-12", "7000", "0", "9223372036854775807"],
    ),
    "composite": Kind(
        BRANCHED, BRANCHED_SPENDING, ("branch", "account"),
        [("Turin", "7"), ("a|b", "007"), ("a", "70"), ("back\\slash", "1"), ("é", "-1")],
        ["Turin|7", "a\\|b|7", "a|70", "back\\\\slash|1", "é|-1"],
    ),
}  # fmt: skip


@pytest.fixture(params=KINDS)
def kind(request) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def keyed(own_registry, kind):
    rules = [
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "spend", "min_value": 0},
         "severity": "critical"},
    ]  # fmt: skip
    suite = own_registry.expectations_dir / "expectations" / f"{kind.data_set.name}.json"
    suite.write_text(json.dumps({"name": kind.data_set.name, "expectations": rules}))
    settings = own_registry.model_copy(update={"definitions": "keyed_shops"})
    register(settings, kind.score, data_set=kind.data_set)
    return settings


def deliver(settings, kind: Kind, as_of=JUNE, spend=10.0, more=()) -> None:
    with (Path(settings.inbox) / f"{kind.data_set.name}_{as_of}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*kind.header, "spend"])
        for number, key in enumerate(kind.cells):
            writer.writerow([*key, spend + number])
        writer.writerows(more)


def test_from_ingest_to_passport_outcomes_and_forgetting(keyed, kind):
    settings, score = keyed, kind.score
    for as_of, spend in ((MAY, 10.0), (JUNE, 1000.0)):
        deliver(settings, kind, as_of, spend)
        assert ingest(settings, kind.data_set, as_of).accepted == 5
        published(settings, score, as_of)
    rows = query(settings, "SELECT customer_id, value FROM scoring.current_score WHERE score = %s", score.name)
    assert dict(rows) == {customer: 1000.0 + number for number, customer in enumerate(kind.ids)}
    assert sorted(event.customer_id for event in events(settings)) == sorted(kind.ids)
    for number, customer in enumerate(kind.ids):
        assert recompute(settings, passport(settings, score.name, customer)) == 1000.0 + number

    rows = [[*key, 5] for key in kind.cells]
    with (Path(settings.inbox) / f"paid_{JUNE}.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*kind.header, "paid"], *rows, [*("x" for _ in kind.header), 5]])
    done = collect(settings, score, JUNE)
    assert (done.received, done.recorded, done.quarantined) == (6, 5, 1)
    assert {row.customer_id for row in query(settings, "SELECT customer_id FROM scoring.outcome")} == set(kind.ids)

    gone = kind.ids[1]
    assert any("snapshot" in place for place in held(subject_of(settings, kind.data_set, gone)).places)
    forget(settings, kind.data_set, gone, by="Ann", reason="letter")
    assert held(subject_of(settings, kind.data_set, gone)).places == {}
    deliver(settings, kind, JULY, 20.0)
    ingest(settings, kind.data_set, JULY)
    location = value(settings, "SELECT location FROM scoring.snapshot WHERE as_of = %s", JULY)
    with lake.SnapshotFile(location) as file:
        found = file.read([kind.data_set.key]).column(0).to_pylist()
    assert found == [one for one in kind.ids if one != gone]


def test_rows_with_equal_keys_are_duplicates_however_they_are_written(keyed, kind):
    same = [(*key[:-1], f"0{key[-1]}", 99.0) for key in kind.cells[:1]]
    deliver(keyed, kind, more=same)
    taken = ingest(keyed, kind.data_set, JUNE)
    assert (taken.received, taken.duplicates) == (6, 1)
    refusing = kind.data_set.model_copy(update={"duplicates": "refuse"})
    with pytest.raises(
        SourceError, match=rf"row 6, column '{'customer' if len(kind.header) == 1 else 'branch.account'}'"
    ):
        ingest(keyed, refusing, JUNE)


def test_a_refused_row_is_kept_by_its_key_exported_as_it_came_and_replayed(keyed, kind, tmp_path):
    deliver(keyed, kind, more=[(*(f"{cell}9" for cell in kind.cells[0]), -5.0)])
    ingest(keyed, kind.data_set, JUNE)
    with quarantined(keyed, kind.data_set, JUNE) as (_, rows):
        (row,) = rows
    expected = "79" if len(kind.header) == 1 else "Turin9|79"
    assert row.customer_id == expected
    file = io.StringIO()
    export(keyed, kind.data_set, JUNE, file)
    (line,) = csv.DictReader(io.StringIO(file.getvalue()))
    assert line.keys() == {"row_number", *kind.data_set.column_names, "broken_rules"}
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(file.getvalue().replace("-5.0", "5.0"))
    assert replay(keyed, kind.data_set, JUNE, str(corrected)).accepted == 6
    location = value(keyed, "SELECT location FROM scoring.snapshot WHERE state = 'current'")
    with lake.SnapshotFile(location) as file:
        assert file.read([kind.data_set.key]).column(0).to_pylist() == [*kind.ids, expected]


@pytest.mark.parametrize("branch", ["|Turin", "\\Turin", ""])
@pytest.mark.parametrize("kind", ["composite"], indirect=True)
def test_a_text_that_an_export_has_to_escape_keeps_its_key_when_it_is_replayed(keyed, kind, tmp_path, branch):
    data_set = kind.data_set.model_copy(update={"source": ParquetSource(path="x.parquet")})
    table = pa.table({"branch": [branch] * 2, "account": [7, 8], "spend": [-5.0, 5.0]})
    parquet.write_table(table, Path(keyed.inbox) / "x.parquet")
    ingest(keyed, data_set, JUNE)
    file = io.StringIO()
    export(keyed, data_set, JUNE, file)
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(file.getvalue().replace("-5.0", "5.0"))
    assert replay(keyed, data_set, JUNE, str(corrected)).accepted == 2
    location = value(keyed, "SELECT location FROM scoring.snapshot WHERE state = 'current'")
    with lake.SnapshotFile(location) as snapshot:
        found = snapshot.read([data_set.key]).column(0).to_pylist()
    assert sorted(found) == [joined([branch, account]) for account in "78"]


def test_a_key_without_a_part_is_no_key_and_its_row_is_refused(keyed, kind):
    deliver(keyed, kind, more=[(*kind.cells[0][:-1], "", 1.0)] * 2)
    taken = ingest(keyed, kind.data_set, JUNE)
    assert (taken.accepted, taken.quarantined, taken.duplicates) == (5, 2, 0)


def test_a_key_that_is_too_long_or_no_integer_is_refused_with_its_cell(keyed, kind):
    deliver(keyed, kind, more=[(*kind.cells[0][:-1], "x", 1.0)])
    with pytest.raises(SourceError, match=rf"row 6, column '{kind.header[-1]}': 'x' is not a whole number"):
        ingest(keyed, kind.data_set, JUNE)
    if len(kind.header) == 2:
        deliver(keyed, kind, more=[("|" * 499, "1", 1.0)])
        assert ingest(keyed, kind.data_set, JUNE).accepted == 6
        deliver(keyed, kind, more=[("|" * 500, "1", 1.0)])
        with pytest.raises(SourceError, match="row 6, column 'branch': The key has 500 bytes; a key may have 499"):
            ingest(keyed, kind.data_set, JUNE)


def test_the_same_rows_in_parquet_give_the_same_snapshot(keyed, kind):
    deliver(keyed, kind)
    one = ingest(keyed, kind.data_set, JUNE)
    types = [pa.int64() if name in ("customer", "account") else pa.string() for name in kind.header]
    columns = [
        pa.array([int(cell) if kind_of == pa.int64() else cell for cell in cells], kind_of)
        for cells, kind_of in zip(zip(*kind.cells, strict=True), types, strict=True)
    ]
    table = pa.table([*columns, pa.array([10.0 + n for n in range(5)])], names=[*kind.header, "spend"])
    parquet.write_table(table, Path(keyed.inbox) / "x.parquet")
    source = ParquetSource(path="x.parquet")
    again = ingest(keyed, kind.data_set.model_copy(update={"source": source}), JUNE)
    assert (again.digest, again.unchanged) == (one.digest, True)


def test_a_score_that_looks_back_finds_customers_by_their_key(keyed, kind):
    before = History(column="spend", periods=(1,))
    score = kind.score.model_copy(update={"features": ("spend_before_1",), "history": (before,)})
    deliver(keyed, kind, MAY, 10.0)
    ingest(keyed, kind.data_set, MAY)
    deliver(keyed, dataclasses.replace(kind, cells=kind.cells[::-1]), JUNE, 1000.0)
    ingest(keyed, kind.data_set, JUNE)
    with transaction(keyed.database()) as connection:
        snapshot = manifest.current(connection, kind.data_set.name, JUNE)
        with opened_at(connection, score, kind.data_set, snapshot) as file:
            found = file.read([kind.data_set.key, "spend_before_1"])
    expected = dict(zip(kind.ids, (10.0, 11.0, 12.0, 13.0, 14.0), strict=True))
    assert dict(zip(*found.to_pydict().values(), strict=True)) == expected


def test_nobody_looks_back_at_a_key_or_in_a_snapshot_with_another_one(keyed, kind):
    column = kind.data_set.key_columns[-1]
    score = kind.score.model_copy(update={"history": (History(column=column, periods=(1,)),)})
    key = "the key" if len(kind.header) == 1 else "a part of the key"
    (problem,) = derived_mistakes(score, kind.data_set)
    assert problem == ("history", f"{column!r} is {key} of {kind.data_set.name!r}: it is always the same")
    deliver(keyed, kind, MAY)
    ingest(keyed, kind.data_set, MAY)
    location = value(keyed, "SELECT location FROM scoring.snapshot")
    customers = Customers([pa.array(kind.ids)])
    for other in ("elsewhere", "spend"):
        with pytest.raises(PermanentError, match=f"has another key than '{other}'"):
            Lookback(Path(keyed.inbox) / "x.arrow", kind.data_set.columns[1:2], other, customers, location)


def test_outcomes_name_a_key_as_the_dialect_of_their_file_spells_it(keyed, kind):
    if len(kind.header) == 2:
        kind = dataclasses.replace(kind, cells=[("Turin", "7000")], ids=["Turin|7000"])
    deliver(keyed, kind)
    ingest(keyed, kind.data_set, JUNE)
    published(keyed, kind.score, JUNE)
    german = CsvSource(path="paid_{as_of}.csv", separator=";", decimal_mark=",", thousands_mark=".")
    cells = [*kind.cells[0][:-1], "7.000"]
    (Path(keyed.inbox) / f"paid_{JUNE}.csv").write_text(
        f"{';'.join(kind.header)};paid\n{';'.join(cells)};1.234,5\n{';'.join([*cells[:-1], '7.0'])};9\n"
    )
    target = kind.score.target.model_copy(update={"source": german})
    done = collect(keyed, kind.score.model_copy(update={"target": target}), JUNE)
    assert (done.received, done.recorded, done.quarantined) == (2, 1, 1)
    (found,) = query(keyed, "SELECT customer_id, value FROM scoring.outcome")
    assert tuple(found) == ("Turin|7000" if len(kind.header) == 2 else "7000", 1234.5)


def body(kind: Kind, cells: tuple[str, ...], **changes: Any) -> bytes:
    values: dict[str, Any] = {name: int(cell) if name in ("customer", "account") else cell
                              for name, cell in zip(kind.header, cells, strict=True)}  # fmt: skip
    return json.dumps(values | {"spend": 5.0} | changes).encode()


def test_records_are_read_alike_one_by_one_and_together(keyed, kind):
    reader = Reader(kind.data_set, RowChecks(load_suite(keyed.expectations_dir, kind.data_set)))
    records = [parsed(body(kind, cells)) for cells in kind.cells]
    read = reader.read([*records, parsed(body(kind, kind.cells[0], spend=-1))])
    assert read.rows.column(kind.data_set.key).to_pylist() == kind.ids
    assert list(read.refused) == [5]
    for record, row, customer in zip(records, read.rows.to_pylist(), kind.ids, strict=True):
        single = reader.single(record)
        assert single is None or single == row
        assert key_written(kind.data_set, record) == customer
        assert json.dumps(record_of(kind.data_set, row)) == json.dumps(
            {
                name: json.loads(body(kind, kind.cells[kind.ids.index(customer)]))[name]
                for name in kind.data_set.column_names
            }
        )
    assert named_by([*records, {"spend": 1}, "x"], kind.data_set) == kind.ids
    plain = reader.single(records[0])
    assert plain is not None
    assert plain[kind.data_set.key] == kind.ids[0]


def test_a_message_of_the_stream_has_the_text_as_its_key(keyed, kind):
    reader = Reader(kind.data_set, RowChecks(load_suite(keyed.expectations_dir, kind.data_set)))
    reading = Reading(kind.data_set, reader)
    messages = [
        Message(0, number, customer.encode(), body(kind, cells), NOW, None)
        for number, (customer, cells) in enumerate(zip(kind.ids, kind.cells, strict=True))
    ]
    wrong = Message(0, 9, b"somebody", body(kind, kind.cells[0]), NOW, None)
    content = reading.read([*messages, wrong], NOW)
    assert [update.customer_id for update in content.updates] == kind.ids
    (refused,) = content.refusals
    assert (refused.customer_id, refused.broken[0].rule) == (kind.ids[0], "the key is the customer's id")


def test_an_integer_key_is_no_feature_and_no_part_of_a_key_is_the_outcome():
    catalog = Catalog({"numbered": NUMBERED, "branched": BRANCHED})
    score = NUMBERED_SPENDING.model_copy(update={"features": ("customer",)})
    (problem,) = _mistakes(score, catalog, "x.py")
    assert problem.field == "features"
    assert problem.reason == "column 'customer' is the key of 'numbered', no number about a customer"
    target = BRANCHED_SPENDING.target.model_copy(update={"column": "account", "observed_at": "branch"})
    fields = [one.field for one in _mistakes(BRANCHED_SPENDING.model_copy(update={"target": target}), catalog, "x.py")]
    assert fields == ["target.column", "target.observed_at"]


def test_the_catalog_takes_both(kind):
    catalog = load_catalog("keyed_shops")
    assert catalog.data_set(kind.data_set.name) == kind.data_set
    assert sorted(catalog.scores) == ["branched_spending", "numbered_spending"]


PARTS = st.lists(
    st.tuples(st.none() | st.text(st.sampled_from("|\\aé")), st.none() | st.integers(-(2**63), 2**63 - 1), st.dates()),
    min_size=1, max_size=6,
)  # fmt: skip
THREE = DataSet(
    name="three", title="Three", key=("a", "n", "d"), source=ParquetSource(path="x"),
    columns=(Column(name="d", type="date"), Column(name="a", type="text"), Column(name="n", type="integer")),
)  # fmt: skip


@given(st.text(st.sampled_from("-+0123.789e "), max_size=6))
def test_an_integer_is_written_as_a_source_that_takes_it_reads_it(text):
    column = Column(name="n", type="integer")
    try:
        (read,) = cast_text(pa.array([text]), column).to_pylist()
    except ValueError:
        return
    assert whole(text) == str(read)


@given(PARTS)
def test_keys_in_bulk_one_by_one_and_as_written_are_the_same(rows):
    expected = [None if None in (a, n) else joined([a, str(n), d.isoformat()]) for a, n, d in rows]
    assert [key_of(THREE, {"a": a, "n": n, "d": d}) for a, n, d in rows] == expected
    texts = [
        pa.array([None if cell is None else str(cell) for cell in column], pa.string())
        for column in zip(*rows, strict=True)
    ]
    assert joined_arrays(texts).to_pylist() == expected
    assert keys_written(THREE, texts).to_pylist() == expected
