"""A snapshot with derived columns: customers are looked up in bounded parts, whatever way the file is read."""

import datetime as dt
import tempfile

import numpy as np
import pyarrow as pa
import pytest
from derived_shop import SHOP, SPENDING
from factories import JUNE, MAY, customer, snapshot_of, table_of
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.dataset import Column
from scoring.domain.history import History
from scoring.errors import IntegrityError, PermanentError
from scoring.features import file as files
from scoring.features.file import opened
from scoring.features.past import Earlier
from scoring.monitoring import sampling
from scoring.snapshots.lake import SnapshotFile, snapshot_location
from scoring.snapshots.writing import RowGroupWriter

COLUMNS = ("spend", "visits", "plan", "active", "balance", "joined")
EVERYTHING = SPENDING.model_copy(
    update={"history": tuple(History(column=name, periods=(1, 2)) for name in COLUMNS), "features": ("spend_before_1",)}
)
NAMES = [f"{name}_before_{period}" for name in COLUMNS for period in (1, 2)]


def write(folder, table, digest, rows=7):
    """A snapshot's file without a database."""
    location = snapshot_location(str(folder), "shop", JUNE, digest * 64)
    from pathlib import Path

    Path(location).parent.mkdir(parents=True, exist_ok=True)
    writer = RowGroupWriter(Path(location), table.schema, rows)
    for batch in table.to_batches():
        writer.write(batch)
    writer.close(digest * 64)
    return location


def past_of(*locations):
    return tuple(Earlier(period, MAY, period, "x", location) for period, location in enumerate(locations, 1))


def expected(present, *earlier):
    """The same by a dictionary in Python."""
    known = [{row["customer_id"]: row for row in table.to_pylist()} if table else {} for table in earlier]
    return [
        {
            f"{name}_before_{period}": known[period - 1].get(row["customer_id"], {}).get(name)
            for name in COLUMNS
            for period in (1, 2)
        }
        for row in present.to_pylist()
    ]


NUMBERS = st.lists(st.integers(0, 40), unique=True, max_size=30)


@given(st.lists(st.integers(0, 40), unique=True, min_size=1, max_size=30), NUMBERS, NUMBERS, st.integers(1, 40))
def test_every_customer_gets_their_own_earlier_values_of_every_type(now, before, earlier, rows):
    tables = [
        table_of([customer(number, spend=number + salt, visits=salt) for number in numbers]) if numbers else None
        for salt, numbers in ((1.0, now), (2.0, before), (3.0, earlier))
    ]
    with tempfile.TemporaryDirectory() as folder:
        places = [write(folder, table, str(digest), rows) if table else None for digest, table in enumerate(tables)]
        with opened(EVERYTHING, SHOP, places[0], past_of(*places[1:])) as file:
            assert file.read(NAMES).to_pylist() == expected(*tables)


@pytest.fixture
def small(monkeypatch):
    """Spans of a few rows."""
    monkeypatch.setattr(files, "SPAN_ROWS", 10)


@pytest.fixture
def two(tmp_path):
    """A present table of 60 customers, and an earlier one of others, too, in another order."""
    present = table_of([customer(number) for number in range(60)])
    before = table_of(
        [customer(number, spend=1000.0 + number) for number in np.random.default_rng(0).permutation(90).tolist()]
    )
    return present, before, write(tmp_path, present, "a"), write(tmp_path, before, "b")


@pytest.mark.usefixtures("small")
def test_it_does_not_matter_in_which_parts_the_files_are_read(two):
    present, before, here, there = two
    with opened(EVERYTHING, SHOP, here, past_of(there)) as file:
        whole = file.read(NAMES)
        assert whole.to_pylist() == expected(present, before, None)
        backwards = [file.read_group(group, NAMES) for group in reversed(range(file.row_groups))]
        assert pa.concat_tables(backwards[::-1]).equals(whole)
        assert file.read_group(3, ["spend", "spend_before_2", "spend_before_1"]).column_names == [
            "spend", "spend_before_2", "spend_before_1",
        ]  # fmt: skip
    with opened(EVERYTHING, SHOP, here, past_of(there), groups=range(4, 5)) as file:
        assert file.read_group(4, NAMES).equals(whole.slice(28, 7))


def test_a_sample_has_the_derived_columns_too(two):
    _, before, here, there = two
    with opened(EVERYTHING, SHOP, here, past_of(there)) as file:
        rows = sampling.customers(file, ["customer_id", "spend_before_1", "unknown"], 10)
        assert set(NAMES) <= set(file.schema.names)
    known = dict(zip(before.column("customer_id").to_pylist(), before.column("spend").to_pylist(), strict=True))
    assert rows.num_rows == 10
    assert rows.column_names == ["customer_id", "spend_before_1"]
    assert rows.column(1).to_pylist() == [known[name] for name in rows.column(0).to_pylist()]


def test_nothing_of_what_was_looked_up_is_left_behind(two, tmp_path, monkeypatch):
    _, _, here, there = two
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    with opened(EVERYTHING, SHOP, here, past_of(there)) as file:
        file.read(NAMES)
        assert list((tmp_path / "scratch").rglob("*.arrow"))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_delivered_columns_need_no_look_back(two, tmp_path, monkeypatch):
    _, _, here, _ = two
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with opened(EVERYTHING, SHOP, here, past_of(str(tmp_path / "gone.parquet"))) as file:
        assert file.read(["spend"]).num_rows == 60


def test_an_earlier_file_that_is_gone_is_no_null(two, tmp_path):
    _, _, here, _ = two
    gone = (Earlier(1, MAY, 1, "x", str(tmp_path / f"{'c' * 64}.parquet")),)
    with opened(EVERYTHING, SHOP, here, gone) as file, pytest.raises(IntegrityError, match="is gone"):
        file.read(NAMES)


def test_a_column_that_the_data_set_did_not_have_then_is_null(two, tmp_path):
    _, before, here, _ = two
    older = write(tmp_path, before.drop_columns(["plan"]), "d")
    with opened(EVERYTHING, SHOP, here, past_of(older)) as file:
        found = file.read(["plan_before_1", "spend_before_1"])
    assert found.column("plan_before_1").null_count == 60
    assert found.column("spend_before_1").null_count == 0


def test_a_narrower_type_of_then_is_taken_and_another_one_is_refused(two, tmp_path):
    _, before, here, _ = two
    place = before.schema.get_field_index("spend")
    whole = before.set_column(place, "spend", pa.array(range(90), pa.int64()))
    with opened(EVERYTHING, SHOP, here, past_of(write(tmp_path, whole, "e"))) as file:
        assert file.read(["spend_before_1"]).column(0).type == pa.float64()
    texts = before.set_column(place, "spend", pa.array(["many"] * 90))
    with opened(EVERYTHING, SHOP, here, past_of(write(tmp_path, texts, "f"))) as file:
        with pytest.raises(
            PermanentError, match=r"Column 'spend' of the earlier snapshot .* is of type string"
        ) as refused:
            file.read(["spend_before_1"])
        assert "Ingest that date again" in str(refused.value)


def doubled(frame):
    return frame[["spend_before_1"]].fillna(-1.0).rename(columns={"spend_before_1": "double"}) * 2


def test_a_transform_may_use_what_the_history_says(two):
    from scoring.domain.transform import Transform

    made = Transform(function=doubled, uses=("spend_before_1",), produces=(Column(name="double", type="number"),))
    score = EVERYTHING.model_copy(update={"transform": made, "features": ("double",)})
    _, _, here, there = two
    with opened(score, SHOP, here, past_of(there)) as file:
        found = file.read(["double", "spend_before_1"])
        assert file.schema.names[-1] == "double"
    assert found.column("double").to_pylist() == [2 * one for one in found.column("spend_before_1").to_pylist()]


def test_a_score_whose_features_are_delivered_reads_the_file_itself(two):
    from shop_definitions import SPENDING as PLAIN

    with opened(PLAIN, SHOP, two[2]) as file:
        assert type(file) is SnapshotFile


def test_the_past_is_of_dates_before_and_has_holes(own_registry):
    from scoring.database import connect
    from scoring.features import past

    february = dt.date(2024, 2, 29)
    history = EVERYTHING.model_copy(update={"history": (History(column="spend", periods=(3,)),)})
    may = snapshot_of(own_registry, [customer(1)], MAY)
    snapshot_of(own_registry, [customer(1)], february)
    snapshot_of(own_registry, [customer(1)], JUNE)
    unscheduled = SHOP.model_copy(update={"schedule": None})
    with connect(own_registry.database()) as connection:
        found = past.of_date(connection, history, SHOP.model_copy(update={"first_as_of": february}), JUNE)
        assert [(one.period, str(one.as_of), one.snapshot_id) for one in found] == [
            (1, "2024-05-31", may.snapshot_id), (2, "2024-04-30", None), (3, "2024-03-31", None),
        ]  # fmt: skip
        assert [str(one.as_of) for one in past.of_date(connection, history, unscheduled, JUNE)] == [
            "2024-05-31", "2024-02-29",
        ]  # fmt: skip
        assert past.of_date(connection, SPENDING.model_copy(update={"history": ()}), SHOP, JUNE) == ()
