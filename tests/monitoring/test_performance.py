"""Realised figures: scikit-learn's on the same rows, of what was known at a time, headlines only of mature cohorts."""

import datetime as dt

import numpy as np
import pytest
from factories import JULY, JUNE, customer, query, register, value
from factories_monitoring import LATER, content, figures, monitored, month, shoppers, truth, values_of, watched
from factories_outcomes import TOLD, cohort, deliver_outcomes
from shop_definitions import LEAVING, SPENDING
from sklearn import metrics

from scoring.database import connect
from scoring.errors import NotFound
from scoring.monitoring.monitor import perform
from scoring.monitoring.performance import figures_as_known
from scoring.outcomes import known
from scoring.outcomes.collect import collect
from scoring.outcomes.correct import correct

ROWS = shoppers(300, 1)
SHOWN = truth(ROWS, 1)


def test_figures_of_a_classification_are_scikit_learns_on_the_same_rows(shop):
    score = watched(segments=("plan",), threshold=0.35)
    month(shop, rows=ROWS, later=SHOWN[20:])
    monitored(shop, score)
    outcome = {row["customer_id"]: float(row["visits"] >= 5) for row in SHOWN[20:]}
    plans = {row["customer_id"]: row["plan"] for row in ROWS}
    published = query(shop, "SELECT customer_id, value FROM scoring.published_score WHERE score = 'leaving'")
    for segment in (("", ""), ("plan", "free"), ("plan", "paid")):
        rows = [
            (row.value, outcome[row.customer_id])
            for row in published
            if row.customer_id in outcome and segment[1] in ("", plans[row.customer_id])
        ]
        values, outcomes = map(np.array, zip(*rows, strict=True))
        said, found = values >= 0.35, figures(shop, segment=segment)
        for metric, expected in {
            "precision": metrics.precision_score(outcomes, said),
            "recall": metrics.recall_score(outcomes, said),
            "f1": metrics.f1_score(outcomes, said),
            "roc_auc": metrics.roc_auc_score(outcomes, values),
            "pr_auc": metrics.average_precision_score(outcomes, values),
            "brier": metrics.brier_score_loss(outcomes, values),
            "log_loss": metrics.log_loss(outcomes, values),
        }.items():
            assert found[metric].value == pytest.approx(expected, abs=1e-9), (segment, metric)
            assert found[metric].low <= expected <= found[metric].high
        assert found["roc_auc"].n == len(rows)
        assert found["roc_auc"].model_version == 1


def test_figures_of_a_regression_are_scikit_learns_on_the_same_rows(shop):
    month(shop, rows=ROWS, later=SHOWN, score=SPENDING)
    monitored(shop, SPENDING)
    outcome = {row["customer_id"]: row["spend"] for row in SHOWN}
    published = query(shop, "SELECT customer_id, value FROM scoring.published_score WHERE score = 'spending'")
    values = np.array([row.value for row in published])
    outcomes = np.array([outcome[row.customer_id] for row in published])
    found = figures(shop, score=SPENDING)
    assert found["mae"].value == pytest.approx(metrics.mean_absolute_error(outcomes, values), abs=1e-9)
    assert found["rmse"].value == pytest.approx(metrics.root_mean_squared_error(outcomes, values), abs=1e-9)
    assert found["r2"].value == pytest.approx(metrics.r2_score(outcomes, values), abs=1e-9)
    assert found["mape"].value == pytest.approx(metrics.mean_absolute_percentage_error(outcomes, values), abs=1e-9)
    assert found["bias"].value == pytest.approx((values - outcomes).mean(), abs=1e-9)


def test_a_late_outcome_and_a_correction_change_what_they_touch_and_earlier_knowledge_gives_the_old_figures(shop):
    cohort(shop, 30, score=TOLD)
    cohort(shop, 30, score=TOLD, as_of=JULY)
    lines = [f"c{number:04d},{100 + number + number % 7},2024-07-31" for number in range(30)]
    deliver_outcomes(shop, *lines[:28])
    deliver_outcomes(shop, *lines, as_of=JULY)
    for as_of in (JUNE, JULY):
        collect(shop, TOLD, as_of)
        monitored(shop, TOLD, as_of)
    first, other = figures(shop, score=TOLD), content(shop)
    with connect(shop.database()) as connection:
        then = known.latest(connection, TOLD.name, JUNE)

    deliver_outcomes(shop, *lines[:29])
    collect(shop, TOLD, JUNE)
    monitored(shop, TOLD)
    late = figures(shop, score=TOLD)
    assert (first["mae"].n, late["mae"].n) == (28, 29)
    assert late["mae"].value == pytest.approx(np.mean([number % 7 for number in range(29)]))

    correct(shop, TOLD, JUNE, "c0001", written="501", author="ada", reason="a typing error")
    monitored(shop, TOLD)
    corrected = figures(shop, score=TOLD)
    assert corrected["mae"].value == pytest.approx(np.mean([400 if n == 1 else n % 7 for n in range(29)]))
    assert corrected["mae"].n == 29

    again = {figure.metric: figure for figure in figures_as_known(shop, TOLD, JUNE, then)["", "", ""]}
    assert {name: figure.value for name, figure in again.items()} == pytest.approx(values_of(first), abs=1e-12)
    now, of_july = content(shop), JULY.isoformat()
    july = [row for row in other["evaluation"] if repr(JULY) in row]
    assert [row for row in now["evaluation"] if repr(JULY) in row and "'realised'" in row] == [
        row for row in july if "'realised'" in row
    ], of_july
    assert set(other["metric"]) <= set(now["metric"]), "what was evaluated stays"


def test_only_what_was_published_and_is_known_counts(shop):
    month(shop, rows=ROWS[:50], later=[*SHOWN[10:50], customer(9999, visits=9)])
    monitored(shop)
    found = query(shop, "SELECT rows, used, mature FROM scoring.current_evaluation WHERE kind = 'realised'")
    assert [tuple(row) for row in found] == [(50, 40, True)]


@pytest.mark.parametrize(
    ("known_ones", "today", "mature"),
    [
        (50, JULY, True),
        (50, JULY - dt.timedelta(days=1), False),  # the horizon has not passed
        (40, LATER, True),
        (39, LATER, False),  # less than 80 % of the outcomes
    ],
)
def test_an_immature_cohort_is_in_no_headline_figure(shop, known_ones, today, mature):
    month(shop, rows=ROWS[:50], later=SHOWN[:known_ones])
    monitored(shop, today=today)
    assert bool(query(shop, "SELECT * FROM scoring.realised_metric")) == mature
    assert figures(shop)["brier"].n == known_ones, "it is evaluated all the same"


def test_coverage_is_the_definitions(shop):
    month(shop, rows=ROWS[:50], later=SHOWN[:5])
    monitored(shop, watched(least_coverage=0.1))
    assert query(shop, "SELECT * FROM scoring.realised_metric")


ODD = {
    "one customer": ([customer(1, mood=0.3)], [customer(1, visits=9)]),
    "no positive": (ROWS[:20], [row | {"visits": 0} for row in ROWS[:20]]),
    "no negative": (ROWS[:20], [row | {"visits": 9} for row in ROWS[:20]]),
    "constant predictions": ([row | {"mood": 0.0} for row in ROWS[:20]], SHOWN[:20]),
    "one outcome known": (ROWS[:20], SHOWN[:1]),
}


@pytest.mark.parametrize(("rows", "later"), ODD.values(), ids=ODD)
def test_odd_cohorts_have_right_numbers_or_a_reason(shop, rows, later):
    month(shop, rows=rows, later=later)
    monitored(shop, watched(segments=("plan", "active")))
    found = query(shop, "SELECT * FROM scoring.current_metric WHERE kind = 'realised'")
    assert {(row.segment, row.segment_value) for row in found} == {
        ("", ""), ("plan", "free"), ("plan", "paid"), ("active", "true"), ("active", "false"),
    }  # fmt: skip
    assert all((row.value is None) == (row.reason is not None) for row in found)
    assert all(row.value is None or np.isfinite(row.value) for row in found)


def test_without_any_known_outcome_nothing_is_realised(shop):
    month(shop, rows=ROWS[:20], later=None)
    monitored(shop)
    assert figures(shop) == {}


def test_what_is_not_published_is_named_with_the_remedy(shop):
    with pytest.raises(
        NotFound, match=r"Nothing of leaving is published at 2024-06-30.*scoring score partition leaving"
    ):
        perform(shop, LEAVING, JUNE, today=LATER)


def test_monitoring_again_adds_nothing(shop):
    month(shop, rows=ROWS, later=SHOWN)
    monitored(shop)
    before = content(shop)
    monitored(shop)
    assert content(shop) == before


def test_another_threshold_is_another_evaluation_and_the_old_one_counts_again_when_it_comes_back(shop):
    month(shop, rows=ROWS, later=SHOWN)
    said = []
    for threshold in (0.5, 0.9, 0.5):
        monitored(shop, watched(threshold=threshold))
        said.append(figures(shop)["precision"].n)
    assert said[0] == said[2] != said[1]
    assert value(shop, "SELECT count(*) FROM scoring.evaluation WHERE kind = 'realised'") == 2


def test_a_publication_that_supersedes_is_evaluated_anew_and_only_what_readers_see_counts(shop):
    month(shop, rows=ROWS, later=SHOWN)
    monitored(shop)
    month(shop, rows=[row | {"mood": -row["mood"]} for row in ROWS], later=None)
    assert figures(shop) == {}
    monitored(shop)
    assert figures(shop)["roc_auc"].value < 0.5


CHILD = """
import datetime, json, sys
from scoring.settings import Settings
settings = Settings(**json.load(sys.stdin))
from shop_definitions import LEAVING
from scoring.monitoring.monitor import conclude, perform
perform(settings, LEAVING, datetime.date(2024, 6, 30), today=datetime.date(2030, 1, 1))
conclude(settings, LEAVING, datetime.date(2024, 6, 30))
"""


@pytest.mark.parametrize("table", ["evaluation", "metric", "calibration", "verdict", "retrain_request", "alert"])
def test_killed_anywhere_and_run_again_monitoring_leaves_what_an_undisturbed_run_leaves(
    own_registry, table, killed_while_waiting
):
    month(own_registry, rows=ROWS, later=truth(ROWS, 2, honest=False))
    lock = f"LOCK TABLE scoring.{table} IN EXCLUSIVE MODE"
    score = watched(update={"tolerated_loss": 0.0})
    if table in ("retrain_request", "alert"):
        register(own_registry, LEAVING, promised={"roc_auc": 0.99})
        month(own_registry, rows=ROWS, later=None)
    with killed_while_waiting(own_registry, "", lock, child=CHILD):
        pass
    monitored(own_registry, score)
    undisturbed = content(own_registry)
    monitored(own_registry, score)
    assert content(own_registry) == undisturbed
    count = value(own_registry, "SELECT count(*) FROM scoring.current_evaluation WHERE kind = 'realised'")
    assert count == 1
    assert value(own_registry, "SELECT count(*) FROM scoring.verdict") == 1
