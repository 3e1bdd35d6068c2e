"""Outcomes are taken in whole and once; each row is recorded, unchanged, refused with its reason, or a repetition."""

import datetime as dt
import itertools
import math

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from factories import AUGUST, JULY, JUNE, MAY, customer, published_rows, query, snapshot_of, value
from factories_outcomes import TOLD, cohort, deliver_outcomes, known_of, month_later, outcomes_of, refused
from pydantic import SecretStr
from shop_definitions import LEAVING, SPENDING

from scoring.domain.dataset import PostgresSource
from scoring.domain.horizon import Horizon
from scoring.errors import NotFound, PermanentError, SourceError, SourceNotReady
from scoring.outcomes.collect import collect
from scoring.outcomes.values import NO_DATE, TOO_EARLY, TOO_LATE
from scoring.publishing.publish import drop


def counts(collected):
    return (
        collected.received, collected.recorded, collected.unchanged, collected.quarantined, collected.duplicates,
        collected.others,
    )  # fmt: skip


def target(**changes):
    return TOLD.model_copy(update={"target": TOLD.target.model_copy(update=changes)})


def test_a_later_snapshot_tells_what_happened_to_the_cohort_and_to_nobody_else(shop):
    cohort(shop, 10)
    month_later(shop, {number: 10.0 * number for number in reversed(range(5, 15))})
    collected = collect(shop, SPENDING, JUNE)
    assert counts(collected) == (5, 5, 0, 0, 0, 5)
    assert not collected.found
    assert known_of(shop) == {f"c{number:04d}": 10.0 * number for number in range(5, 10)}
    midnight = dt.datetime.combine(JULY, dt.time.min, dt.UTC)
    assert query(shop, "SELECT DISTINCT observed_at, origin FROM scoring.outcome") == [(midnight, "system")]


def test_outcomes_are_raw_values_of_the_target_and_a_horizon_may_be_of_weeks(shop):
    weekly = LEAVING.model_copy(
        update={"target": LEAVING.target.model_copy(update={"horizon": Horizon(weeks=2), "column": "plan"})}
    )
    published_rows(shop, LEAVING, [customer(0), customer(1)], JUNE)
    snapshot_of(shop, [customer(0, plan="free"), customer(1, plan="paid")], JUNE + dt.timedelta(days=14))
    collect(shop, weekly, JUNE)
    assert known_of(shop, LEAVING) == {"c0000": 0.0, "c0001": 1.0}


def test_a_revised_snapshot_adds_what_it_changes_and_nothing_else(shop):
    cohort(shop, 3)
    month_later(shop, {0: 1.0, 1: 2.0, 2: 3.0})
    collect(shop, SPENDING, JUNE)
    month_later(shop, {0: 1.0, 1: 20.0, 2: 3.0})
    assert counts(collect(shop, SPENDING, JUNE)) == (3, 1, 2, 0, 0, 0)
    assert known_of(shop)["c0001"] == 20.0
    month_later(shop, {0: 1.0, 1: 2.0, 2: 3.0})  # the first was right after all
    assert counts(collect(shop, SPENDING, JUNE)) == (3, 1, 2, 0, 0, 0)
    assert known_of(shop)["c0001"] == 2.0


def test_a_second_time_finds_the_batch_and_adds_nothing(shop):
    cohort(shop, 3)
    month_later(shop, {0: 1.0, 1: -2.0, 3: 4.0})
    first = collect(shop, SPENDING, JUNE)
    before = outcomes_of(shop)
    again = collect(shop, SPENDING, JUNE)
    assert (again.found, again.batch_id, counts(again)) == (True, first.batch_id, counts(first))
    assert outcomes_of(shop) == before
    deliver_outcomes(shop, "c0000,5,", "c0001,x,")
    first = collect(shop, TOLD, JUNE)
    before = outcomes_of(shop)
    again = collect(shop, TOLD, JUNE)
    assert (again.found, counts(again)) == (True, counts(first))
    assert outcomes_of(shop) == before


def test_an_old_delivery_of_another_source_again_does_not_override_what_came_later(shop, tmp_path):
    cohort(shop, 2)
    deliver_outcomes(shop, "c0000,1,", "c0001,1,")
    collect(shop, TOLD, JUNE)
    late = tmp_path / "inbox" / "late.csv"
    late.write_text("customer_id,spend,seen\nc0001,2,\n")
    collect(shop, TOLD, JUNE, path="late.csv")
    assert collect(shop, TOLD, JUNE).found
    assert known_of(shop) == {"c0000": 1.0, "c0001": 2.0}


QUARANTINE = {
    "unknown customer": ("c9999,5,", "unknown customer"),
    "no customer": (",5,", "no customer"),
    "no value": ("c0001,,", "no value"),
    "a word": ("c0001,much,", "impossible value: it is not a number"),
    "not a number": ("c0001,NaN,", "impossible value: it is not a finite number"),
    "infinite": ("c0001,-inf,", "impossible value: it is not a finite number"),
    "too large": ("c0001,1e999,", "impossible value: it is too large for a 64-bit number"),
    "spaces": ("c0001, 5,", "impossible value: it has spaces around the value"),
    "below the minimum": ("c0001,-0.5,", "impossible value: it is below the minimum, 0.0"),
    "no time": ("c0001,5,soon", NO_DATE),
    "no day of the calendar": ("c0001,5,2024-07-32", NO_DATE),
    "before the cohort": ("c0001,5,2024-06-29", TOO_EARLY),
    "in the future": ("c0001,5,9999-12-31T23:59:59-12:00", TOO_LATE),
}  # fmt: skip


@pytest.mark.parametrize(("line", "reason"), QUARANTINE.values(), ids=QUARANTINE)
def test_a_row_that_cannot_be_an_outcome_is_refused_and_kept_and_the_others_count(shop, line, reason):
    cohort(shop, 3)
    deliver_outcomes(shop, "c0000,1,", line, "c0002,2,")
    assert counts(collect(shop, TOLD, JUNE)) == (3, 2, 0, 1, 0, 0)
    assert refused(shop) == [(2, reason)]
    assert known_of(shop) == {"c0000": 1.0, "c0002": 2.0}
    name, written, seen = (cell or None for cell in line.split(","))
    kept = value(shop, "SELECT content FROM scoring.outcome_refused")
    assert (kept["customer_id"], kept["value"], kept["observed_at"]) == (name, written, seen)


def test_rows_that_contradict_each_other_are_all_refused_and_repetitions_count_once(shop):
    cohort(shop, 4)
    deliver_outcomes(
        shop, "c0000,1,", "c0001,5,2024-07-20", "c0000,2,", "c0001,5.0,2024-07-10", "c0000,1,", "c0002,,", "c0002,7,"
    )
    assert counts(collect(shop, TOLD, JUNE)) == (7, 2, 0, 4, 1, 0)
    assert refused(shop) == [
        (1, "conflicting values for one customer"), (3, "conflicting values for one customer"),
        (5, "conflicting values for one customer"), (6, "no value"),
    ]  # fmt: skip
    assert known_of(shop) == {"c0001": 5.0, "c0002": 7.0}
    first = value(shop, "SELECT observed_at FROM scoring.outcome WHERE customer_id = 'c0001'")
    assert first == dt.datetime(2024, 7, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-07-15", (15, 0, 0)), ("2024-07-15T10:30:00Z", (15, 10, 30)), ("2024-07-15 10:30", (15, 10, 30)),
        ("2024-07-15 10:30:00+02", (15, 8, 30)), ("2024-07-15T10:30:00.000000123+02:00", (15, 8, 30)),
        ("", (31, 0, 0)),
    ],
)  # fmt: skip
def test_observed_at_is_a_date_or_a_timestamp_utc_unless_it_says_otherwise(shop, written, meant):
    cohort(shop, 1)
    deliver_outcomes(shop, f"c0000,1,{written}")
    collect(shop, TOLD, JUNE)
    day, hour, minute = meant
    assert value(shop, "SELECT observed_at FROM scoring.outcome") == dt.datetime(
        2024, 7, day, hour, minute, tzinfo=dt.UTC
    )


def test_parquet_and_a_query_say_what_a_file_of_text_says(shop, tmp_path):
    cohort(shop, 5)
    spend = [1.5, float("nan"), None, 1.2345678901234567e20, 3.0]
    deliver_outcomes(shop, *(f"c000{n},{'' if s is None else repr(s)},2024-07-15" for n, s in enumerate(spend)))
    assert counts(collect(shop, TOLD, JUNE)) == (5, 3, 0, 2, 0, 0)
    expected, reasons = known_of(shop), refused(shop)
    assert expected == {"c0000": 1.5, "c0003": 1.2345678901234567e20, "c0004": 3.0}

    names = [f"c000{n}" for n in range(5)]
    seen = pa.array([dt.date(2024, 7, 15)] * 5)
    table = pa.table({"customer_id": pa.array(names).dictionary_encode(), "spend": spend, "seen": seen})
    pq.write_table(table, tmp_path / "inbox" / "spent.parquet")
    assert counts(collect(shop, TOLD, JUNE, path="spent.parquet")) == (5, 0, 3, 2, 0, 0)

    query(shop, "CREATE TABLE spent (customer_id text, spend float8, seen timestamptz, as_of date)")
    for name, amount in zip(names, spend, strict=True):
        query(shop, "INSERT INTO spent VALUES (%s, %s, '2024-07-15 00:00Z', '2024-06-30')", name, amount)
    asked = "SELECT customer_id, spend, seen FROM spent WHERE as_of = %(as_of)s ORDER BY customer_id"
    crm = shop.model_copy(update={"source_urls": {"crm": SecretStr(shop.database())}})
    assert counts(collect(crm, target(source=PostgresSource(connection="crm", query=asked)), JUNE)) == (
        5,
        0,
        3,
        2,
        0,
        0,
    )

    assert known_of(shop) == expected
    assert refused(shop) == reasons * 3


def test_a_target_of_its_own_need_not_be_a_column_of_the_data_set_and_may_be_a_boolean(shop):
    cohort(shop, 3)
    cancelled = target(column="active", observed_at=None)
    deliver_outcomes(shop, "c0000,true", "c0001,False", "c0002,yes", header="customer_id,active")
    assert counts(collect(shop, cancelled, JUNE)) == (3, 2, 0, 1, 0, 0)
    assert known_of(shop) == {"c0000": 1.0, "c0001": 0.0}
    assert refused(shop) == [(3, "impossible value: it is not a boolean")]
    deliver_outcomes(shop, "12.5,c0000", header="calls,customer_id")
    collect(shop, target(column="calls", observed_at=None), JUNE)
    assert known_of(shop)["c0000"] == 12.5


def test_a_category_is_its_position_and_an_unknown_one_is_refused(shop):
    cohort(shop, 3)
    deliver_outcomes(shop, "c0000,paid", "c0001,free", "c0002,gold", header="customer_id,plan")
    collect(shop, target(column="plan", observed_at=None), JUNE)
    assert known_of(shop) == {"c0000": 1.0, "c0001": 0.0}
    assert refused(shop) == [(3, "impossible value: it is not one of free, paid")]


def test_a_null_or_an_impossible_value_of_a_later_snapshot_is_refused(shop):
    cohort(shop, 3)
    month_later(shop, {0: 5.0, 1: -3.0, 2: 1.0})
    collect(shop, SPENDING, JUNE)
    assert refused(shop) == [(2, "impossible value: it is below the minimum, 0.0")]
    assert value(shop, "SELECT content->>'value' FROM scoring.outcome_refused") == "-3"
    kept = LEAVING.model_copy(update={"target": LEAVING.target.model_copy(update={"column": "active"})})
    published_rows(shop, LEAVING, [customer(0), customer(1)], AUGUST)
    snapshot_of(shop, [customer(0, active=None), customer(1, active=True)], dt.date(2024, 9, 30))
    assert counts(collect(shop, kept, AUGUST)) == (2, 1, 0, 1, 0, 0)
    assert refused(shop)[1:] == [(1, "no value")]


def test_a_cohort_that_is_not_published_or_has_no_later_snapshot_is_named_with_the_remedy(shop):
    with pytest.raises(NotFound, match=r"spending has no publication at 2024-06-30.*scoring score partition spending"):
        collect(shop, SPENDING, JUNE)
    cohort(shop, 3)
    with pytest.raises(NotFound, match=r"which is not there.*scoring ingest shop --as-of 2024-07-31"):
        collect(shop, SPENDING, JUNE)
    with pytest.raises(SourceNotReady):
        collect(shop, TOLD, JUNE)
    month_later(shop, {0: 1.0})
    drop(shop, SPENDING, JUNE)
    with pytest.raises(NotFound, match="no publication"):
        collect(shop, SPENDING, JUNE)
    assert outcomes_of(shop) == {"outcome": [], "batch": [], "refused": []}


def test_a_file_that_cannot_be_read_leaves_nothing(shop, tmp_path):
    cohort(shop, 3)
    deliver_outcomes(shop, "c0000,1,", 'c0001,"1')
    with pytest.raises(SourceError):
        collect(shop, TOLD, JUNE)
    outside = tmp_path / "outside.csv"
    outside.write_text("customer_id,spend,seen\nc0000,1,\n")
    with pytest.raises(SourceError, match="neither below the inbox nor below a listed root"):
        collect(shop, TOLD, JUNE, path=str(outside))
    assert outcomes_of(shop)["batch"] == []
    assert collect(shop, TOLD, JUNE, path=str(outside), anywhere=True).recorded == 1


def test_a_delivery_of_which_nothing_can_be_used_is_kept_and_fails(shop):
    cohort(shop, 2)
    deliver_outcomes(shop, "c0000,x,", "c0007,1,")
    for _ in range(2):
        with pytest.raises(PermanentError, match=r"none of 2 rows could be used.*`scoring outcome refused 1`"):
            collect(shop, TOLD, JUNE)
    assert len(refused(shop)) == 2
    month_later(shop, {5: 1.0})
    with pytest.raises(PermanentError, match="not one of 1 customers of the later snapshot is in the cohort"):
        collect(shop, SPENDING, JUNE)


def test_a_file_instead_of_the_later_snapshot_writes_nulls_as_the_data_set_does(shop, tmp_path):
    cohort(shop, 2)
    (tmp_path / "inbox" / "told.csv").write_text("customer_id,spend\nc0000,1\nc0001,NA\n")
    assert counts(collect(shop, SPENDING, JUNE, path="told.csv")) == (2, 1, 0, 1, 0, 0)
    assert refused(shop) == [(2, "no value")]


def test_when_the_cohort_is_published_anew_the_same_delivery_is_judged_anew(shop):
    cohort(shop, 2)
    deliver_outcomes(shop, "c0000,1,", "c0002,2,")
    assert counts(collect(shop, TOLD, JUNE)) == (2, 1, 0, 1, 0, 0)
    cohort(shop, 3)
    assert counts(collect(shop, TOLD, JUNE)) == (2, 1, 1, 0, 0, 0)
    assert known_of(shop) == {"c0000": 1.0, "c0002": 2.0}


def test_cohorts_and_scores_are_kept_apart(shop):
    for as_of, score in itertools.product((MAY, JUNE), (LEAVING, SPENDING)):
        cohort(shop, 2, score=score, as_of=as_of)
    month_later(shop, {0: 3.0, 1: 4.0})
    for as_of, score in itertools.product((MAY, JUNE), (LEAVING, SPENDING)):
        collect(shop, score, as_of)
    assert known_of(shop, SPENDING, JUNE) == {"c0000": 3.0, "c0001": 4.0}
    assert known_of(shop, SPENDING, MAY) == {"c0000": 100.0, "c0001": 101.0}
    assert known_of(shop, LEAVING, JUNE) == {"c0000": 0.0, "c0001": 1.0}


def test_the_database_conserves_rows_and_takes_only_outcomes_that_can_be(shop):
    batch = """INSERT INTO scoring.outcome_batch (score, as_of, origin, author, source, digest, received, recorded,
        unchanged, quarantined, duplicates, recorded_at) VALUES ('s', %s, %s, %s, 'x', repeat('0', 64), %s, 1, 1, 0, 0,
        now())"""
    outcome = """INSERT INTO scoring.outcome (score, as_of, customer_id, value, observed_at, origin, author, reason)
        VALUES ('s', now(), 'c', %s, now(), %s, %s, %s)"""
    query(shop, batch, JUNE, "system", None, 2)
    query(shop, batch, None, "human", "ada", 2)
    query(shop, outcome, 1.0, "system", None, None)
    query(shop, outcome, 1.0, "human", "ada", "x")
    for arguments in ((JUNE, "system", None, 3), (None, "system", None, 2), (None, "human", None, 2),
                      (None, "human", " ", 2), (JUNE, "system", "ada", 2)):  # fmt: skip
        with pytest.raises(psycopg2.errors.CheckViolation):
            query(shop, batch, *arguments)
    for arguments in ((math.nan, "system", None, None), (math.inf, "system", None, None),
                      (-math.inf, "system", None, None), (1.0, "system", "ada", "x"), (1.0, "human", None, "x"),
                      (1.0, "human", "ada", None), (1.0, "human", " ", "x"), (1.0, "human", "ada", "")):  # fmt: skip
        with pytest.raises(psycopg2.errors.CheckViolation):
            query(shop, outcome, *arguments)
