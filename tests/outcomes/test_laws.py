"""Laws of outcomes, for whatever is delivered and corrected: conservation, as known at, append-only."""

import datetime as dt

import psycopg2
import pytest
from factories import JULY, JUNE, query, value
from factories_outcomes import (
    FOREVER,
    TOLD,
    cohort,
    corrections,
    deliver_outcomes,
    known_of,
    latest,
    outcomes_of,
    refused,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop_definitions import SPENDING

from scoring import database
from scoring.database import connect
from scoring.errors import PermanentError
from scoring.outcomes.collect import collect
from scoring.outcomes.correct import correct, correct_file

CUSTOMERS = 4
COMMENT = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])

# A customer (one is unknown), and a value as it is written (some are impossible).
rows = st.lists(st.tuples(st.integers(0, CUSTOMERS), st.sampled_from(["1", "2", "2.0", "x", "", "-1"])), min_size=1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("system"), rows),
        st.tuples(st.just("human"), st.tuples(st.integers(0, CUSTOMERS - 1), st.integers(1, 3))),
    ),
    min_size=1,
    max_size=5,
)


def number_of(written):
    return float(written) if written in ("1", "2", "2.0") else None


def usable(delivered):
    """What a delivery says: customers of the cohort with one possible value."""
    said: dict[int, set[float]] = {}
    for number, written in delivered:
        amount = number_of(written)
        if number < CUSTOMERS and amount is not None:
            said.setdefault(number, set()).add(amount)
    return {number: amounts.pop() for number, amounts in said.items() if len(amounts) == 1}


def deliver(shop, delivered):
    deliver_outcomes(shop, *(f"c{number:04d},{written}," for number, written in delivered))
    try:
        return collect(shop, TOLD, JUNE)
    except PermanentError:
        assert not usable(delivered)
        return None


@pytest.fixture
def scored(shop):
    cohort(shop, CUSTOMERS)
    return shop


@COMMENT
@given(rows)
def test_every_row_is_recorded_unchanged_refused_or_a_repetition(scored, delivered):
    before = known_of(scored)
    collected = deliver(scored, delivered)
    said = usable(delivered)
    assert known_of(scored) == before | {f"c{number:04d}": amount for number, amount in said.items()}
    if collected is not None and not collected.found:
        recorded = {number for number, amount in said.items() if before.get(f"c{number:04d}") != amount}
        assert (collected.received, collected.recorded) == (len(delivered), len(recorded))
        assert collected.unchanged == len(said) - len(recorded)
        good = [number for number, written in delivered if number in said and number_of(written) is not None]
        assert collected.duplicates == len(good) - len(said)
        assert collected.quarantined == len(delivered) - len(good)
        kept = value(scored, "SELECT count(*) FROM scoring.outcome_refused WHERE batch_id = %s", collected.batch_id)
        assert kept == collected.quarantined


@COMMENT
@given(steps)
def test_a_person_wins_from_when_it_is_recorded_and_what_was_known_never_changes(scored, taken):
    seen: list[tuple[dt.datetime, dict[str, float]]] = []
    system, human = ({}, {}) if latest(scored) is None else (origin_of(scored, "system"), origin_of(scored, "human"))
    for kind, what in taken:
        if kind == "system":
            deliver(scored, what)
            system |= {f"c{number:04d}": amount for number, amount in usable(what).items()}
        else:
            number, amount = what
            correct(scored, SPENDING, JUNE, f"c{number:04d}", written=str(amount), author="ada", reason="seen")
            human[f"c{number:04d}"] = float(amount)
        moment = latest(scored)
        assert known_of(scored) == known_of(scored, at=moment or FOREVER)
        if moment is not None:
            assert all(moment >= before for before, _ in seen)
            seen.append((moment, known_of(scored)))
            assert known_of(scored) == system | human
    for moment, knew in seen:
        assert known_of(scored, at=moment) == knew


def origin_of(shop, origin):
    """What one origin said last, found row by row."""
    statement = "SELECT customer_id, value FROM scoring.outcome WHERE origin = %s ORDER BY recorded_at, outcome_id"
    return {row.customer_id: row.value for row in query(shop, statement, origin)}


@pytest.fixture
def recorded(scored):
    deliver(scored, [(0, "1"), (1, "x"), (2, "2")])
    corrections(scored, "c0000,2024-06-30,3,seen", "c0009,2024-06-30,3,seen")
    correct_file(scored, SPENDING, "corrections.csv", author="ada")
    return scored


@pytest.mark.parametrize("table", ["outcome", "outcome_batch", "outcome_refused"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET score = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nothing_can_be_changed_or_removed(recorded, table, statement):
    if table == "outcome_refused":
        statement = statement.replace("score", "reason")
    before = outcomes_of(recorded)
    with pytest.raises(psycopg2.errors.RaiseException, match="takes new rows only"):
        query(recorded, statement.format(f"scoring.{table}"))
    assert outcomes_of(recorded) == before


def test_whole_cohorts_can_be_forgotten_and_the_door_is_shut_again(recorded):
    cohort(recorded, 2, as_of=JULY)
    deliver_outcomes(recorded, "c0000,7,", "c0005,1,", as_of=JULY)
    collect(recorded, TOLD, JULY)
    with connect(recorded.database()) as connection, connection:
        assert database.value(connection, "SELECT scoring.forget_outcomes(%s)", (JULY,)) == 3
        with pytest.raises(psycopg2.errors.RaiseException, match="takes new rows only"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM scoring.outcome")
        connection.rollback()
        assert database.value(connection, "SELECT scoring.forget_outcomes(%s)", (JULY,)) == 3
    assert known_of(recorded) == {}
    assert known_of(recorded, as_of=JULY) == {"c0000": 7.0}
    assert query(recorded, "SELECT as_of FROM scoring.outcome_batch ORDER BY 1") == [(JULY,), (None,)]
    assert [reason for _, reason in refused(recorded)] == ["unknown customer"] * 2
