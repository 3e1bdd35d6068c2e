"""What readers see of a score is compared with what its model learned from and with what was published before."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from drift_definitions import GAPS
from factories import JULY, JUNE, MAY, customer, published_rows, query, register, snapshot_of, value
from shop_definitions import SHOP, SPENDING

from scoring.domain.monitoring import DriftPolicy, Monitoring
from scoring.errors import NotFound, PermanentError
from scoring.learning.promotion import promote
from scoring.models.encoding import Encoding
from scoring.models.ledger import Decision
from scoring.models.registry import Registry
from scoring.models.tags import SNAPSHOT_TAG, TRAINED_AS_OF_TAG
from scoring.monitoring.watch import drift_of, measure_drift

TABLES = ("profile", "profile_bins", "profile_counts", "drift_run", "drift")


def shoppers(count, seed, *, moved=0.0, missing=0.0, free=1 / 3):
    random = np.random.default_rng(seed)
    spend = np.exp(random.normal(4 + moved, 0.5, count))
    return [
        customer(
            number,
            spend=float(spend[number]),
            mood=float(random.normal()),
            visits=int(random.integers(0, 11)),
            plan="free" if random.random() < free else "paid",
            active=None if random.random() < missing else bool(number % 2),
        )
        for number in range(count)
    ]


def segmented(score, *segments, **policy):
    monitoring = Monitoring(segments=segments, drift=DriftPolicy(**policy))
    return score.model_copy(update={"monitoring": monitoring})


def train_on(settings, score, rows, as_of=MAY):
    snapshot = snapshot_of(settings, rows, as_of)
    tags = {TRAINED_AS_OF_TAG: as_of.isoformat(), SNAPSHOT_TAG: snapshot.digest}
    if score is not GAPS:
        return register(settings, score, tags=tags)
    features = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list(score.features))
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    ref = registry.register(
        score.model_name, score.estimator().fit(features, [1.0, 2.0, 3.0, 4.0]), features,
        encoding=Encoding.of(score, SHOP), trusted_types=score.trusted_types, tags=tags, metrics={}, as_of=as_of,
    )  # fmt: skip
    promote(settings, score, ref, Decision("person", "a test", "for tests"))
    return ref


def found(settings, against, *, segment="", value=""):
    rows = query(
        settings,
        "SELECT * FROM scoring.current_drift WHERE against = %s AND segment = %s AND segment_value = %s",
        against, segment, value,
    )  # fmt: skip
    return {(row.kind, row.column_name): row for row in rows}


def content(settings):
    return {table: sorted(map(str, query(settings, f"SELECT * FROM scoring.{table}"))) for table in TABLES}


@pytest.fixture
def big(own_registry):
    """The shop with row groups in which a few thousand customers are quickly read."""
    return own_registry.model_copy(update={"row_group_rows": 1000, "shard_rows": 10_000})


def test_a_shift_is_found_against_training_and_none_against_the_same_customers(big):
    train_on(big, SPENDING, shoppers(3000, 1))
    published_rows(big, SPENDING, shoppers(3000, 2, moved=0.5), JUNE)
    published_rows(big, SPENDING, shoppers(3000, 3, moved=0.5), JULY)
    measure_drift(big, SPENDING, JULY)
    summary = drift_of(big, SPENDING, JULY)
    assert summary.columns == 1
    assert [one.column for one in summary.drifted["training"]] == ["spend"]
    assert summary.drifted["previous"] == []
    assert summary.reasons == {}
    training = found(big, "training")
    assert set(training) == {("feature", "spend"), ("feature", "visits"), ("score", "spending")}
    assert training["feature", "spend"].distance > 0.3
    assert training["feature", "spend"].p_value < 1e-9
    assert not training["feature", "visits"].drifted
    assert found(big, "previous")["score", "spending"].reason is None


def test_the_score_is_compared_with_training_but_not_judged_for_the_model_knows_those_customers(big):
    train_on(big, SPENDING, shoppers(2000, 1))
    published_rows(big, SPENDING, shoppers(2000, 2, moved=1.0), JUNE)
    measure_drift(big, SPENDING, JUNE)
    score, spend = found(big, "training")["score", "spending"], found(big, "training")["feature", "spend"]
    assert score.distance == pytest.approx(spend.distance, abs=1e-12), "the model gives the spend itself"
    assert score.wasserstein == pytest.approx(spend.wasserstein)
    assert (score.drifted, score.p_value) == (False, None)
    assert "has learned from the reference's customers" in score.reason
    assert spend.drifted


def test_the_scores_own_values_are_judged_against_those_published_before(big):
    train_on(big, SPENDING, shoppers(2000, 1))
    published_rows(big, SPENDING, shoppers(2000, 2), JUNE)
    published_rows(big, SPENDING, shoppers(2000, 3, moved=1.0), JULY)
    measure_drift(big, SPENDING, JULY)
    assert found(big, "previous")["score", "spending"].drifted


def test_a_new_model_between_two_publications_is_told_as_a_shift_of_the_score_alone(big):
    rows = shoppers(2000, 1)
    train_on(big, SPENDING, rows)
    published_rows(big, SPENDING, rows, JUNE)
    measure_drift(big, SPENDING, JUNE)
    snapshot = snapshot_of(big, shoppers(2000, 4), MAY)
    tags = {TRAINED_AS_OF_TAG: MAY.isoformat(), SNAPSHOT_TAG: snapshot.digest}
    register(big, SPENDING, scale=3.0, tags=tags)
    published_rows(big, SPENDING, shoppers(2000, 2), JULY)
    measure_drift(big, SPENDING, JULY)
    drifted = drift_of(big, SPENDING, JULY).drifted
    assert drifted["training"] == []
    assert [one.kind for one in drifted["previous"]] == ["score"]


def test_figures_are_those_of_numpy_on_the_whole_population(big):
    then, now = shoppers(3000, 1), shoppers(2500, 2, moved=0.3)
    train_on(big, SPENDING, then)
    published_rows(big, SPENDING, now, JUNE)
    measure_drift(big, SPENDING, JUNE)
    row = found(big, "training")["feature", "spend"]
    was, is_now = (np.array([one["spend"] for one in rows]) for rows in (then, now))
    edges = np.sort(was)[(np.arange(1, 20) * len(was)) // 20]
    a, b = (np.bincount(np.searchsorted(edges, side), minlength=20) / len(side) for side in (was, is_now))
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import wasserstein_distance

    assert row.distance == pytest.approx(jensenshannon(a, b, base=2), abs=0.01)
    assert row.psi == pytest.approx(((b - a) * np.log(b / a)).sum(), abs=0.01)
    assert row.wasserstein == pytest.approx(wasserstein_distance(was, is_now) / was.std(), abs=0.01)


def test_missing_values_drift_apart_from_the_values_that_are_known(big):
    big = big.model_copy(update={"definitions": "drift_definitions"})
    train_on(big, GAPS, shoppers(2000, 1))
    published_rows(big, GAPS, shoppers(2000, 2, missing=0.3), JUNE)
    measure_drift(big, GAPS, JUNE)
    rows = found(big, "training")
    assert rows["missing", "active"].drifted
    assert rows["missing", "active"].missing_reference == 0
    assert rows["missing", "active"].missing_current == pytest.approx(0.3, abs=0.05)
    assert not rows["feature", "active"].drifted
    assert ("missing", "spend") not in rows, "nobody is without one"
    assert drift_of(big, GAPS, JUNE).columns == 1


def test_segments_are_compared_each_with_itself(big):
    score = segmented(SPENDING, "plan", "active")
    train_on(big, score, shoppers(3000, 1))
    now = [
        row | {"spend": row["spend"] * 3} if row["plan"] == "free" else row for row in shoppers(3000, 2, missing=0.2)
    ]
    published_rows(big, score, now, JUNE)
    measure_drift(big, score, JUNE)
    assert found(big, "training", segment="plan", value="free")["feature", "spend"].drifted
    assert not found(big, "training", segment="plan", value="paid")["feature", "spend"].drifted
    for plan in ("free", "paid"):
        counts = query(
            big, "SELECT counts FROM scoring.profile_counts c JOIN scoring.profile p USING (profile_id) "
            "WHERE p.subject = 'publication' AND segment = 'plan' AND segment_value = %s", plan,
        )  # fmt: skip
        assert [sum(one.counts) for one in counts] == [sum(row["plan"] == plan for row in now)] * 3
    known = [row for row in now if row["active"] is not None]
    by_active = query(
        big, "SELECT segment_value, counts FROM scoring.profile_counts c JOIN scoring.profile p USING (profile_id) "
        "WHERE p.subject = 'publication' AND segment = 'active' AND column_name = 'spending'",
    )  # fmt: skip
    assert {one.segment_value: sum(one.counts) for one in by_active} == {
        "true": sum(row["active"] for row in known),
        "false": sum(not row["active"] for row in known),
    }, "who has no value is in no segment"


def test_looking_twice_adds_nothing_and_keeps_every_figure(big):
    train_on(big, SPENDING, shoppers(500, 1))
    published_rows(big, SPENDING, shoppers(500, 2), JUNE)
    published_rows(big, SPENDING, shoppers(500, 3), JULY)
    measure_drift(big, SPENDING, JULY)
    before = content(big)
    assert all(before.values())
    measure_drift(big, SPENDING, JULY)
    assert content(big) == before


def test_two_at_once_leave_what_one_leaves(big):
    train_on(big, SPENDING, shoppers(500, 1))
    published_rows(big, SPENDING, shoppers(500, 2), JUNE)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: measure_drift(big, SPENDING, JUNE), range(3)))
    assert query(big, "SELECT against, count(*) FROM scoring.drift_run GROUP BY 1 ORDER BY 1") == [
        ("previous", 1),
        ("training", 1),
    ]


def test_what_breaks_off_leaves_nothing_and_the_next_run_leaves_what_an_undisturbed_one_does(big):
    train_on(big, SPENDING, shoppers(500, 1))
    published_rows(big, SPENDING, shoppers(500, 2), JUNE)
    columns = "against, column_name, kind, psi, distance, wasserstein, p_value"
    figures = f"SELECT {columns} FROM scoring.current_drift ORDER BY 1, 2, 3"
    query(big, "ALTER TABLE scoring.drift ADD CONSTRAINT broken CHECK (kind <> 'score')")  # the last statement fails
    with pytest.raises(PermanentError, match="SQLSTATE 23514"):
        measure_drift(big, SPENDING, JUNE)
    assert not any(content(big).values())
    query(big, "ALTER TABLE scoring.drift DROP CONSTRAINT broken")
    measure_drift(big, SPENDING, JUNE)
    undisturbed = query(big, figures)
    query(big, "DELETE FROM scoring.drift_run; DELETE FROM scoring.profile")
    measure_drift(big, SPENDING, JUNE)
    assert query(big, figures) == undisturbed


CHILD = """
import datetime, json, sys
from scoring.catalog import load_catalog
from scoring.monitoring.watch import measure_drift
from scoring.settings import Settings
score = load_catalog("shop_definitions").score("spending")
measure_drift(Settings(**json.load(sys.stdin)), score, datetime.date(2024, 6, 30))
"""


@pytest.mark.parametrize("table", ["profile_counts", "drift_run", "drift"])
def test_a_killed_comparison_leaves_nothing_and_the_next_one_everything(big, table, killed_while_waiting):
    train_on(big, SPENDING, shoppers(300, 1))
    published_rows(big, SPENDING, shoppers(300, 2), JUNE)
    with killed_while_waiting(big, "", f"LOCK TABLE scoring.{table} IN EXCLUSIVE MODE", child=CHILD):
        pass
    measure_drift(big, SPENDING, JUNE)
    assert value(big, "SELECT count(*) FROM scoring.drift_run") == 2
    assert value(big, "SELECT count(*) FROM scoring.profile") == 2
    assert len(found(big, "training")) == 3


def test_another_policy_is_another_comparison_and_the_old_one_counts_again_when_it_comes_back(big):
    train_on(big, SPENDING, shoppers(1000, 1))
    published_rows(big, SPENDING, shoppers(1000, 2, moved=0.25), JUNE)
    drifted = []
    for least in (0.1, 0.9, 0.1):
        measure_drift(big, segmented(SPENDING, least=least), JUNE)
        drifted.append(drift_of(big, SPENDING, JUNE).columns)
    assert drifted == [1, 0, 1]
    assert value(big, "SELECT count(*) FROM scoring.drift_run WHERE against = 'training'") == 2
    assert value(big, "SELECT count(*) FROM scoring.profile WHERE subject = 'training'") == 1, "counted once"


def test_a_publication_that_supersedes_is_looked_at_anew_and_only_what_readers_see_counts(big):
    train_on(big, SPENDING, shoppers(1000, 1))
    published_rows(big, SPENDING, shoppers(1000, 2), JUNE)
    measure_drift(big, SPENDING, JUNE)
    published_rows(big, SPENDING, shoppers(1000, 2, moved=1.0), JUNE)
    assert drift_of(big, SPENDING, JUNE).reasons == dict.fromkeys(("training", "previous"), "it was not looked at yet")
    measure_drift(big, SPENDING, JUNE)
    assert drift_of(big, SPENDING, JUNE).columns == 1
    assert len(found(big, "training")) == 3


def test_what_cannot_be_compared_is_null_with_its_reason(big):
    published_rows(big, SPENDING, shoppers(300, 1), JUNE)  # by a model that does not say what it was trained on
    measure_drift(big, SPENDING, JUNE)
    summary = drift_of(big, SPENDING, JUNE)
    assert summary.columns is None
    assert summary.reasons == {
        "training": "model spending version 1 does not say what it was trained on",
        "previous": "nothing was published before",
    }
    published_rows(big, SPENDING, shoppers(300, 2, moved=2.0), JULY)
    measure_drift(big, SPENDING, JULY)
    assert {(one.kind, one.column) for one in drift_of(big, SPENDING, JULY).drifted["previous"]} == {
        ("feature", "spend"),
        ("score", "spending"),
    }


def test_a_training_snapshot_that_is_not_here_is_named(big):
    tags = {TRAINED_AS_OF_TAG: MAY.isoformat(), SNAPSHOT_TAG: "f" * 64}
    register(big, SPENDING, tags=tags)
    published_rows(big, SPENDING, shoppers(100, 1), JUNE)
    measure_drift(big, SPENDING, JUNE)
    assert drift_of(big, SPENDING, JUNE).reasons["training"] == (
        "the snapshot ffffffffffff of 2024-05-31, on which spending version 2 was trained, is not here"
    )


def test_one_customer_is_no_drift(big):
    train_on(big, SPENDING, shoppers(1, 1))
    published_rows(big, SPENDING, [customer(1, spend=1e9)], JUNE)
    measure_drift(big, SPENDING, JUNE)
    row = found(big, "training")["feature", "spend"]
    assert (row.distance, row.p_value, row.drifted, row.wasserstein) == (1.0, 1.0, False, None)


def test_what_is_not_published_cannot_be_looked_at(big):
    with pytest.raises(
        NotFound, match=r"Nothing of spending is published at 2024-06-30.*scoring score partition spending"
    ):
        measure_drift(big, SPENDING, JUNE)


def test_how_the_scores_values_are_distributed_is_readable(big):
    train_on(big, SPENDING, shoppers(500, 1))
    published_rows(big, SPENDING, shoppers(400, 2), JUNE)
    measure_drift(big, SPENDING, JUNE)
    rows = query(big, "SELECT * FROM scoring.score_distribution WHERE segment = '' ORDER BY bin")
    assert sum(row.rows for row in rows) == 400
    assert (rows[0].low, rows[-1].high) == (None, None)
    assert all(one.high == other.low for one, other in pairwise(rows))


def test_a_dropped_publication_takes_its_figures_along(big):
    from scoring.publishing.publish import drop

    train_on(big, SPENDING, shoppers(100, 1))
    published_rows(big, SPENDING, shoppers(100, 2), JUNE)
    measure_drift(big, SPENDING, JUNE)
    drop(big, SPENDING, JUNE)
    assert query(big, "SELECT subject FROM scoring.profile") == [("training",)]
    assert query(big, "SELECT FROM scoring.drift") == []
