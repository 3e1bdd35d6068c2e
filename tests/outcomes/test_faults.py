"""Killed, repeated and simultaneous collectors leave the tables that one undisturbed collector leaves."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from factories import JUNE, query, value
from factories_faults import WAITING, held, together, wait_until_somebody_waits
from factories_outcomes import TOLD, cohort, corrections, deliver_outcomes, known_of, month_later, outcomes_of
from shop_definitions import SPENDING
from waiting import PATIENCE, until

from scoring.errors import TransientError
from scoring.outcomes.collect import collect
from scoring.outcomes.correct import correct, correct_file

# What the child does; it finds its settings on standard input, as the test has them.
CHILD = """
import datetime, json, sys
from scoring.settings import Settings
settings = Settings(**json.load(sys.stdin))
if sys.argv[1] == "collect":
    from factories_outcomes import TOLD
    from scoring.outcomes.collect import collect
    collect(settings, TOLD, datetime.date(2024, 6, 30))
else:
    from shop_definitions import SPENDING
    from scoring.outcomes.correct import correct_file
    correct_file(settings, SPENDING, "corrections.csv", author="ada")
from scoring.database import connect
with connect(settings.database()) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT pg_advisory_lock(4711)")
"""
AFTER_THE_COMMIT = "SELECT pg_advisory_lock(4711)"

# Each is a point at which the child waits, and is killed.
POINTS = {
    "when its rows are copied and it waits for the cohort": "SELECT scoring.outcome_moment('spending', '2024-06-30')",
    "before its outcomes": "LOCK TABLE scoring.outcome IN SHARE MODE",
    "between its outcomes and its batch": "LOCK TABLE scoring.outcome_batch IN SHARE MODE",
    "between its batch and its refused rows": "LOCK TABLE scoring.outcome_refused IN SHARE MODE",
    "after the commit": AFTER_THE_COMMIT,
}


@pytest.fixture
def delivered(shop):
    """June's cohort, a delivery of outcomes and a file of corrections; a row of each must be refused."""
    cohort(shop, 20)
    deliver_outcomes(shop, *(f"c{number:04d},{number}," for number in range(15)), "c0016,x,", "c0001,1,")
    corrections(shop, "c0000,2024-06-30,10,till", "c0001,2024-06-30,x,till")
    return shop


@pytest.mark.parametrize("lock", POINTS.values(), ids=POINTS)
def test_a_collector_killed_at_any_point_leaves_all_or_nothing_and_the_next_one_completes(
    delivered, lock, killed_while_waiting
):
    before = outcomes_of(delivered)
    with killed_while_waiting(delivered, "collect", lock, child=CHILD):
        pass
    alive = WAITING.replace("AND wait_event_type = 'Lock'", "")
    until(lambda: not value(delivered, alive))  # the server notices the death
    assert (outcomes_of(delivered) == before) == (lock != AFTER_THE_COMMIT)
    collected = collect(delivered, TOLD, JUNE)
    assert collected.found == (lock == AFTER_THE_COMMIT)
    assert (collected.received, collected.recorded, collected.quarantined, collected.duplicates) == (17, 15, 1, 1)
    once = outcomes_of(delivered)
    assert [len(rows) for rows in once.values()] == [15, 1, 1]
    assert collect(delivered, TOLD, JUNE).found
    assert outcomes_of(delivered) == once


@pytest.mark.parametrize("lock", [*POINTS.values()][1:], ids=[*POINTS][1:])
def test_corrections_killed_at_any_point_are_all_there_or_none(delivered, lock, killed_while_waiting):
    with killed_while_waiting(delivered, "correct", lock, child=CHILD):
        pass
    done = correct_file(delivered, SPENDING, "corrections.csv", author="ada")
    assert (done.found, done.recorded, done.quarantined) == (lock == AFTER_THE_COMMIT, 1, 1)
    assert [len(rows) for rows in outcomes_of(delivered).values()] == [1, 1, 1]


def test_a_connection_that_breaks_is_worth_another_try(delivered):
    with held(delivered, "LOCK TABLE scoring.outcome_batch IN SHARE MODE"), ThreadPoolExecutor(1) as pool:
        running = pool.submit(collect, delivered, TOLD, JUNE)
        wait_until_somebody_waits(delivered, running.running)
        query(delivered, WAITING.replace("count(*)", "pg_terminate_backend(pid)"))
        with pytest.raises(TransientError, match="The database broke off"):
            running.result(timeout=PATIENCE)
    assert collect(delivered, TOLD, JUNE).recorded == 15


def test_two_collectors_at_once_record_each_outcome_once(delivered):
    month_later(delivered, {number: float(number) for number in range(20)})
    for score in (TOLD, SPENDING):
        first, second = together(*[lambda: collect(delivered, score, JUNE)] * 2)  # noqa: B023 - done in this round
        assert first.batch_id == second.batch_id
        assert sorted([first.found, second.found]) == [False, True]
    assert value(delivered, "SELECT count(*) FROM scoring.outcome") == 20
    assert value(delivered, "SELECT count(*) FROM scoring.outcome_batch") == 2


def test_people_and_systems_at_once_wait_for_each_other_and_every_moment_is_later_than_the_last(delivered):
    month_later(delivered, {number: float(number) for number in range(20)})

    def fix(number):
        return lambda: correct(
            delivered, SPENDING, JUNE, "c0003", written=str(number), author=f"person {number}", reason="seen"
        )

    together(
        *map(fix, range(4)),
        lambda: collect(delivered, SPENDING, JUNE),
        lambda: correct_file(delivered, SPENDING, "corrections.csv", author="ada"),
    )
    assert value(delivered, "SELECT count(DISTINCT recorded_at) FROM scoring.outcome") == 6
    assert value(delivered, "SELECT count(DISTINCT (author, batch_id)) FROM scoring.outcome") == 6
    last = value(
        delivered,
        "SELECT value FROM scoring.outcome WHERE customer_id = 'c0003' AND origin = 'human' "
        "ORDER BY recorded_at DESC LIMIT 1",
    )
    assert known_of(delivered)["c0003"] == last


def test_a_moment_is_later_than_all_that_was_recorded_also_when_the_clock_goes_back(delivered):
    collect(delivered, TOLD, JUNE)
    query(
        delivered,
        "INSERT INTO scoring.outcome (score, as_of, customer_id, value, observed_at, recorded_at, origin) "
        "VALUES ('spending', '2024-06-30', 'c0001', 1, now(), now() + interval '1 hour', 'system')",
    )
    done = correct(delivered, SPENDING, JUNE, "c0001", written="7", author="ada", reason="seen")
    assert value(delivered, "SELECT max(recorded_at) FROM scoring.outcome") == done.outcome.recorded_at
