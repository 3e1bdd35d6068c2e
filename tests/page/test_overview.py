"""The overview says the newest of each score, and of what has happened only mature cohorts."""

import datetime as dt
from contextlib import closing

import factories_page
import psycopg2
import pytest

from scoring.catalog import Catalog, load_catalog
from scoring.database import Connection
from scoring.page.overview import ScoreLine, overview
from scoring.page.reading import reading

LAST = dt.date(2025, 12, 31)
AFTERNOON = dt.datetime(2025, 12, 31, 13, tzinfo=dt.UTC)
CATALOG = load_catalog("page_definitions")


def lines(connection: Connection, now: dt.datetime = AFTERNOON) -> dict[str, ScoreLine]:
    return {line.score: line for line in overview(connection, CATALOG, now).scores}


@pytest.fixture
def own(database_url: str) -> str:
    """A filled database that a test may change."""
    factories_page.fill(database_url, days=40, last=LAST)
    return database_url


def change(url: str, statement: str) -> dict[str, ScoreLine]:
    """The overview after a statement."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
    with reading(url) as connection:
        return lines(connection)


def test_without_a_score_the_overview_is_empty(connection: Connection) -> None:
    assert overview(connection, Catalog(), AFTERNOON).scores == []


def test_each_score_has_a_line_with_its_newest_publication_and_the_rows_of_its_snapshot(connection: Connection) -> None:
    found = lines(connection)

    assert list(found) == ["churn", "fraud", "spend", "upsell", "visits"]
    for line in found.values():
        assert line.published is not None
        assert (line.published.as_of, line.published.customers) == (LAST, 30100)
        kept = line.published.accepted + line.published.quarantined + line.published.duplicates
        assert line.published.received == kept


def test_realised_figures_are_of_the_newest_mature_cohort_and_estimates_of_the_newest_publication(
    connection: Connection,
) -> None:
    for line in lines(connection).values():
        assert line.realised is not None
        assert line.estimated is not None
        assert line.realised.as_of == LAST - dt.timedelta(days=factories_page.HORIZON)
        assert line.estimated.as_of == LAST
        assert line.realised.metric == CATALOG.scores[line.score].headline


def test_a_cohort_that_is_no_longer_mature_is_no_headline(own: str) -> None:
    newest = LAST - dt.timedelta(days=factories_page.HORIZON)
    found = change(
        own,
        "INSERT INTO scoring.evaluation (kind, score, as_of, publication_id, inputs_digest, method, rows, used, "
        "mature) "
        "SELECT kind, score, as_of, publication_id, repeat('f', 64), method, rows, 5, false FROM scoring.evaluation "
        f"WHERE kind = 'realised' AND as_of = '{newest}' AND score = 'churn'",
    )
    assert found["churn"].realised.as_of == newest - dt.timedelta(days=1)
    assert found["fraud"].realised.as_of == newest


def test_what_was_superseded_is_not_shown(own: str) -> None:
    found = change(
        own, f"UPDATE scoring.publication SET state = 'superseded' WHERE as_of = '{LAST}' AND score = 'churn'"
    )
    day_before = LAST - dt.timedelta(days=1)
    shown = found["churn"]
    assert [shown.published.as_of, shown.verdict.as_of, shown.estimated.as_of] == [day_before] * 3
    assert shown.freshness.word == "overdue"
    assert shown.freshness.expected == LAST


def test_a_stopped_snapshot_is_told_until_something_newer_is_published(own: str) -> None:
    stop = (
        "INSERT INTO scoring.snapshot (data_set, as_of, digest, state, stopped_because, source, definition_digest, "
        "suite_digest, location, row_group_rows, received, accepted, quarantined, duplicates, kept) "
        "VALUES ('people', '{}', repeat('e', 64), 'stopped', 'too many bad rows', 'people.csv', '', '', '', 1, 9, 4, "
        "5, 0, 0)"
    )
    assert change(own, stop.format("2025-12-01"))["churn"].stopped is None
    assert change(own, stop.format("2026-01-01"))["churn"].stopped.stopped_because == "too many bad rows"


def test_holds_models_and_updates_stand_with_their_score(connection: Connection) -> None:
    found = lines(connection)
    assert [one.as_of for one in found["fraud"].held] == [LAST]
    assert found["churn"].held == []
    assert found["churn"].in_charge.model_version == 1
    assert [rate.days for rate in found["churn"].rates] == [30, 90, 365]
    assert found["churn"].verdict.update_needed
    assert found["churn"].verdict.because


def test_the_model_in_charge_is_that_of_the_ledger_also_before_it_has_scored_anything(own: Connection) -> None:
    found = change(
        own,
        "INSERT INTO scoring.promotion (model_name, model_version, model_digest, from_version, how, promoted_by, "
        "reason, promoted_at) "
        "VALUES ('churn', 9, repeat('d', 64), 1, 'person', 'ann', 'because', '2025-12-31 12:00+00')",
    )
    assert found["churn"].in_charge.model_version == 9


def test_the_endpoint_says_what_waits_for_it(connection: Connection) -> None:
    shown = overview(connection, CATALOG, AFTERNOON)
    (endpoint,) = shown.endpoints
    assert (endpoint.waiting_events, endpoint.pending_deliveries, endpoint.dead_deliveries) == (180, 4, 2)
    assert (endpoint.state, endpoint.held_until, shown.dead_alerts, shown.mistakes) == ("enabled", None, 0, 0)


def test_before_anything_is_published_each_score_has_an_empty_line(database_url: str) -> None:
    with reading(database_url) as connection:
        for line in lines(connection).values():
            assert (line.published, line.verdict, line.realised, line.estimated) == (None,) * 4
            assert (line.held, line.in_charge, line.rates) == ([], None, [])
            assert line.freshness.word == "overdue"
