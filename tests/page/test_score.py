"""What the page of a score shows is what stands in the tables."""

import datetime as dt
from contextlib import closing

import factories_page
import psycopg2
import pytest
from page_definitions import CHURN, SPEND

from scoring.catalog import load_catalog
from scoring.database import Connection, all_rows, column
from scoring.errors import NotFound
from scoring.page.about import about, group_of
from scoring.page.cohort import cohort
from scoring.page.distribution import SHARES, distribution
from scoring.page.drift import MOST_COLUMNS, drift
from scoring.page.migration import migration
from scoring.page.partitions import MOST, Look, arms, lineage, look
from scoring.page.reading import reading
from scoring.page.record import record
from scoring.page.trend import trend

LAST = dt.date(2025, 12, 31)
NORTH = ("region", "north")
CATALOG = load_catalog("page_definitions")


def rows(connection: Connection, statement: str) -> list[dict]:
    return all_rows(connection, dict, statement)


def test_a_look_is_bounded_by_dates_and_by_number(connection: Connection) -> None:
    three = look(connection, "churn", LAST - dt.timedelta(days=2), LAST)
    assert three.dates == [LAST - dt.timedelta(days=days) for days in (2, 1, 0)]
    assert (three.at(None), three.at(LAST)) == (three.publication_ids[2],) * 2
    assert three.at(LAST - dt.timedelta(days=3)) is None
    assert look(connection, "nothing").at(None) is None
    assert len(look(connection, "churn").dates) == 100 <= MOST


def test_more_dates_than_can_be_shown_are_cut_off_at_the_oldest_and_said(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.page.partitions.MOST", 7)
    cut = look(connection, "churn")
    assert cut.more
    assert cut.dates == [LAST - dt.timedelta(days=days) for days in range(6, -1, -1)]


@pytest.mark.parametrize("group", [("", ""), NORTH])
def test_the_trend_has_all_mature_figures_and_all_estimates(connection: Connection, churn: Look, group) -> None:
    segment, value = group
    shown = trend(connection, churn, "brier", group)
    stored = rows(
        connection,
        "SELECT as_of, kind, value, low, high FROM scoring.current_metric WHERE score = 'churn' AND metric = 'brier' "
        f"AND segment = '{segment}' AND segment_value = '{value}' AND (mature OR kind = 'estimated') "
        "ORDER BY as_of, kind",
    )
    assert [
        {"as_of": p.as_of, "kind": p.kind, "value": p.value, "low": p.low, "high": p.high} for p in shown.points
    ] == stored
    assert {point.kind for point in shown.points} == {"realised", "estimated"}
    assert max(p.as_of for p in shown.points if p.kind == "realised") == LAST - dt.timedelta(days=30)  # mature ones


def test_a_promise_is_shown_beside_the_metric_that_it_is_about(connection: Connection, churn: Look) -> None:
    assert {one.promised for one in trend(connection, churn, "roc_auc").promises} == {0.881}
    assert trend(connection, churn, "brier").promises == []
    assert trend(connection, churn, "roc_auc", NORTH).promises == []


@pytest.mark.parametrize("against", ["training", "previous"])
def test_each_cell_of_the_heat_map_is_the_drift_of_its_column_and_date(
    connection: Connection, churn: Look, against: str
) -> None:
    shown = drift(connection, churn, against)
    stored = {
        (row["column_name"], row["kind"], row["as_of"]): (row["distance"], row["drifted"])
        for row in rows(
            connection,
            "SELECT column_name, kind, as_of, distance, psi, drifted FROM scoring.current_drift "
            f"WHERE score = 'churn' AND against = '{against}' AND segment = ''",
        )
    }
    cells = {
        (row.column, row.kind, as_of): (distance, drifted)
        for row in shown.rows
        for as_of, distance, drifted in zip(shown.dates, row.distance, row.drifted, strict=True)
        if distance is not None
    }
    assert cells == stored
    assert shown.of == len(shown.rows) == 13 <= MOST_COLUMNS


def test_columns_that_drifted_most_stand_first_and_a_date_that_was_not_compared_has_its_reason(
    connection: Connection, churn: Look
) -> None:
    shown = drift(connection, churn, "training")
    assert {row.column for row in shown.rows[:3]} == {"feature_02", "feature_05", "feature_09"}
    assert drift(connection, churn, "previous").reasons[0] == "nothing was published before"
    assert drift(connection, churn, "training", NORTH).rows[0].distance != shown.rows[0].distance


def test_quantiles_of_the_score_cut_the_counted_customers_in_these_shares(connection: Connection, churn: Look) -> None:
    shown = distribution(connection, churn)
    assert [one.as_of for one in shown] == churn.dates
    bins = rows(
        connection,
        "SELECT low, high, rows FROM scoring.score_distribution "
        f"WHERE score = 'churn' AND as_of = '{LAST}' AND segment = '' ORDER BY bin",
    )
    last = shown[-1]
    assert last.customers == sum(one["rows"] for one in bins)
    for share, value in zip(SHARES, (last.p10, last.p25, last.p50, last.p75, last.p90), strict=True):
        below = 0.0
        for one in bins:
            low = one["low"] if one["low"] is not None else one["high"]
            high = one["high"] if one["high"] is not None else one["low"]
            if high <= value:
                below += one["rows"]
            elif low < value:
                below += one["rows"] * (value - low) / (high - low)
        assert below / last.customers == pytest.approx(share, abs=1e-9)


def test_where_nothing_is_published_every_section_is_empty(connection: Connection) -> None:
    nothing = look(connection, "churn", LAST + dt.timedelta(days=1), LAST + dt.timedelta(days=9))
    assert nothing.dates == []
    assert distribution(connection, nothing) == []
    assert trend(connection, nothing, "roc_auc").points == []
    assert drift(connection, nothing, "training").rows == []
    assert cohort(connection, nothing).choices == []


def test_a_cohort_is_the_newest_mature_one_or_that_of_a_date(connection: Connection, churn: Look) -> None:
    newest = cohort(connection, churn)
    assert newest.evaluated.as_of == newest.choices[-1] == LAST - dt.timedelta(days=30)
    assert [one.grouping_by for one in newest.ranges] == ["band"] * 5 + ["decile"] * 10
    stored = column(
        connection,
        f"SELECT observed FROM scoring.calibration WHERE evaluation_id = {newest.evaluated.evaluation_id} "
        "ORDER BY grouping_by, bin",
    )
    assert [one.observed for one in newest.ranges] == stored
    assert cohort(connection, churn, LAST - dt.timedelta(days=40)).evaluated.as_of == LAST - dt.timedelta(days=40)
    immature = cohort(connection, churn, LAST)
    assert (immature.evaluated, immature.ranges) == (None, [])
    assert len(immature.choices) == 70


def test_band_migration_is_from_the_publication_before(connection: Connection, churn: Look) -> None:
    moves = migration(connection, churn.publication_ids[-1])
    assert {move.previous_as_of for move in moves} == {LAST - dt.timedelta(days=1)}
    assert len(moves) == 25
    assert migration(connection, churn.publication_ids[0]) == []


def test_band_migration_is_counted_once_if_a_date_was_published_anew(database_url: str) -> None:
    factories_page.fill(database_url, days=2, last=LAST)
    anew = "INSERT INTO scoring.band_migration VALUES ((SELECT max(publication_id) FROM scoring.publication WHERE "
    with closing(psycopg2.connect(database_url)) as other, other, other.cursor() as cursor:
        cursor.execute(anew + "score = 'churn'), 0, 'A', 'E', 30000)")  # from a publication that was replaced
    with reading(database_url) as opened:
        moves = migration(opened, look(opened, "churn").publication_ids[-1])
    assert len(moves) == 25
    assert {move.previous_as_of for move in moves} == {LAST - dt.timedelta(days=1)}


def test_the_record_is_that_of_the_view(connection: Connection, churn: Look) -> None:
    shown = record(trend(connection, churn, "roc_auc").points)
    assert [vars(one) for one in shown] == rows(
        connection,
        "SELECT as_of, estimated, low, high, realised, inside FROM scoring.estimate_record "
        "WHERE score = 'churn' AND metric = 'roc_auc' ORDER BY as_of",
    )
    assert len(shown) == 70


@pytest.mark.parametrize(
    ("column", "metric", "left"), [("threshold", "recall", 0), ("threshold", "brier", 4), ("at_least", "brier", 0)]
)
def test_the_record_compares_only_what_means_the_same_as_the_view_does(database_url, column, metric, left) -> None:
    factories_page.fill(database_url, days=34, last=LAST)
    with closing(psycopg2.connect(database_url)) as other, other, other.cursor() as cursor:
        cursor.execute(f"UPDATE scoring.evaluation SET {column} = CASE kind WHEN 'realised' THEN 0.2 ELSE 0.7 END")
    with reading(database_url) as opened:
        shown = record(trend(opened, look(opened, "churn"), metric).points)
        view = "SELECT * FROM scoring.estimate_record WHERE score = 'churn' AND metric = '{}'"
        assert len(shown) == len(rows(opened, view.format(metric))) == left


def test_lineage_leads_from_a_publication_to_run_snapshot_and_model(connection: Connection, churn: Look) -> None:
    found = lineage(connection, churn.publication_ids[-1])
    assert (found.as_of, found.run_id, found.source) == (LAST, f"scheduled__{LAST}", "people.csv")
    assert found.received == found.accepted + found.quarantined + found.duplicates
    assert [(one.model_name, one.model_version) for one in arms(connection, churn.publication_ids[-1])] == [
        ("churn", 1)
    ]
    assert lineage(connection, 0) is None


def test_the_head_says_what_can_be_chosen_and_which_dags_work_on_the_score(connection: Connection, churn: Look) -> None:
    now = dt.datetime(2025, 12, 31, 13, tzinfo=dt.UTC)
    shown = about(connection, CATALOG, CHURN, churn, now)
    assert shown.mlflow is None
    assert (
        about(connection, CATALOG, CHURN, churn, now, mlflow="http://m:5000/").mlflow == "http://m:5000/#/models/churn"
    )
    assert (shown.line.score, shown.headline, shown.bands) == ("churn", "roc_auc", ["A", "B", "C", "D", "E"])
    assert shown.segments == ["region=north", "region=south"]
    assert [dag.dag_id for dag in shown.dags] == [
        "ingest_people", "score_churn", "collect_outcomes_people", "monitor_churn", "retrain_churn",
        "evaluate_experiment_churn", "roll_back_model", "change_experiment",
    ]  # fmt: skip
    assert [one.model_version for one in shown.versions] == [1]
    assert [(one.model_version, one.until, one.how, one.promoted_by) for one in shown.ledger] == [
        (1, None, "first", "scoring")
    ]
    (verdict,) = shown.verdicts
    assert (verdict.challenger, verdict.champion, verdict.passed) == (2, 1, False)
    assert [(check["name"], check["passed"]) for check in verdict.checks] == [("primary", False), ("calibration", True)]
    (tried,) = shown.experiments
    assert (tried.challenger, tried.share, tried.outcome) == (2, 0.5, None)
    assert [check["name"] for check in tried.checks] == ["primary", "ratio"]
    assert [look.cohorts for look in shown.looks] == [1, 2]
    (request,) = shown.requests
    assert (request.state, request.evidence[0]["as_of"]) == ("open", str(LAST))


def test_a_segment_that_the_definition_does_not_name_is_refused() -> None:
    assert group_of(CATALOG, CHURN, "region=north") == NORTH
    assert group_of(CATALOG, CHURN, None) == ("", "")
    with pytest.raises(NotFound, match="spend has no segment 'region=west'; it has: region=north, region=south"):
        group_of(CATALOG, SPEND, "region=west")
