"""A split: each customer's score is by the model of his arm, and says so; the arm stays."""

import hashlib

import numpy as np
import pytest
from factories import JULY, JUNE, customers, published, query, register, snapshot_of, value
from shop_definitions import SHOP, SPENDING
from sklearn.dummy import DummyRegressor

from scoring.database import transaction
from scoring.domain.assignment import to_challenger
from scoring.errors import PermanentError
from scoring.learning.promotion import promote, roll_back
from scoring.models import charge, experiments
from scoring.models.encoding import Encoding
from scoring.models.experiments import NewExperiment
from scoring.models.ledger import Decision
from scoring.models.registry import Registry
from scoring.models.scorer import Scorer
from scoring.publishing import passport, publications
from scoring.publishing.arms import ChallengerFailed
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.scorers import Scorers
from scoring.publishing.shadow import shadow
from scoring.snapshots import manifest
from scoring.snapshots.lake import SnapshotFile

BY_HAND = Decision("person", "ann", "because")
ROWS = 60


def registry_of(settings):
    return Registry(settings.mlflow_tracking_uri.get_secret_value())


@pytest.fixture
def second(own_registry):
    """An installation with a second version that gives other values; the first is in charge."""
    charge.in_charge(own_registry.database(), registry_of(own_registry), "spending")
    snapshot_of(own_registry, customers(ROWS))
    return own_registry, register(own_registry, SPENDING, promote=False, scale=3.0)


def begin(settings, challenger, mode="split", share=0.5):
    new = NewExperiment("spending", "spending", mode, 1, challenger.version, challenger.digest, "ann", "to see")
    with transaction(settings.database()) as connection:
        return experiments.add(connection, new, share if mode == "split" else None, salt="0" * 32)


def arms_of(settings, publication_id):
    with transaction(settings.database()) as connection:
        return publications.arms(connection, publication_id)


def rows(settings, as_of=JUNE):
    return query(
        settings,
        f"SELECT customer_id, value, arm, model_version FROM scoring.published_score WHERE as_of = '{as_of}' "
        "ORDER BY customer_id",
    )


def test_each_customer_has_the_score_of_his_arm_and_the_row_says_which(second):
    settings, challenger = second
    published(settings, SPENDING, JUNE)
    alone = {row.customer_id: row.value for row in rows(settings)}
    begun = begin(settings, challenger, share=0.3)
    seen = published(settings, SPENDING, JUNE)
    found = rows(settings)
    mine = dict(zip(alone, to_challenger(begun.salt, 0.3, alone), strict=True))
    assert {row.customer_id: row.arm == "challenger" for row in found} == mine
    assert {(row.arm, row.model_version) for row in found} == {("champion", 1), ("challenger", 2)}
    assert all((row.value == alone[row.customer_id]) == (row.arm == "champion") for row in found)
    first, other = arms_of(settings, seen.publication_id)
    assert (first.arm, first.share, other.arm, other.share) == ("champion", 0.7, "challenger", 0.3)
    assert first.experiment_id == other.experiment_id == begun.experiment_id


def test_a_customer_keeps_his_arm_at_the_next_date_and_when_the_share_grows(second):
    settings, challenger = second
    begun = begin(settings, challenger, share=0.3)
    published(settings, SPENDING, JUNE)
    with transaction(settings.database()) as connection:
        experiments.set_share(connection, begun.experiment_id, 0.6, "ann", "it does well")
    snapshot_of(settings, customers(ROWS), JULY)
    published(settings, SPENDING, JULY)
    tried = [{row.customer_id for row in rows(settings, day) if row.arm == "challenger"} for day in (JUNE, JULY)]
    assert tried[0] < tried[1]
    assert value(settings, "SELECT count(DISTINCT share) FROM scoring.arm WHERE arm = 'challenger'") == 2


def test_the_place_that_decides_can_be_computed_in_the_database(second):
    settings, challenger = second
    begun = begin(settings, challenger, share=0.3)
    published(settings, SPENDING, JUNE)
    place = (
        "('x' || encode(substr(sha256(convert_to(%s || ' ' || customer_id, 'UTF8')), 1, 7), 'hex'))::bit(56)::bigint"
    )
    with transaction(settings.database()) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"SELECT bool_and((arm = 'challenger') = (({place} >> 3) / 2.0 ^ 53 < 0.3)) FROM scoring.published_score",
            (begun.salt,),
        )
        assert cursor.fetchone() == (True,)


def test_the_passport_of_a_split_score_names_the_arms_model_and_is_reproduced(second):
    settings, challenger = second
    begin(settings, challenger)
    published(settings, SPENDING, JUNE)
    for row in (next(row for row in rows(settings) if row.arm == arm) for arm in ("champion", "challenger")):
        found = passport.passport(settings, "spending", row.customer_id, JUNE)
        assert (found.arm.arm, found.arm.model_version) == (row.arm, row.model_version)
        assert passport.recompute(settings, found) == row.value
        assert dict(passport.lines(found))["experiment"] == "1, this arm has 0.5 of the customers"


def test_the_same_plan_again_finds_the_same_publication_and_another_share_is_another_one(second):
    settings, challenger = second
    begun = begin(settings, challenger)
    first = plan(settings, SPENDING, JUNE, run_id="test").publication_id
    assert plan(settings, SPENDING, JUNE, run_id="again").publication_id == first
    with transaction(settings.database()) as connection:
        experiments.set_share(connection, begun.experiment_id, 0.6, "ann", "it does well")
    assert plan(settings, SPENDING, JUNE, run_id="again").publication_id != first


def test_a_promotion_or_a_rollback_ends_the_experiment_and_tells_the_owner(second):
    settings, challenger = second
    begin(settings, challenger)
    promote(settings, SPENDING, register(settings, SPENDING, promote=False, scale=2.0), BY_HAND)
    with transaction(settings.database()) as connection:
        (ended,) = experiments.all_of(connection, "spending")
    assert (ended.outcome, ended.ended_by) == ("stopped", "ann")
    assert "Version 3 was put in charge by ann: because" in ended.end_reason
    assert value(settings, "SELECT count(*) FROM scoring.alert WHERE kind = 'experiment_ended'") == 1
    begin(settings, challenger)
    roll_back(settings, SPENDING, None, by="bob", reason="worse")
    with transaction(settings.database()) as connection:
        assert experiments.running(connection, "spending") is None
    (arm,) = arms_of(settings, plan(settings, SPENDING, JUNE, run_id="test").publication_id)
    assert (arm.model_version, arm.experiment_id) == (1, None)


def test_a_challenger_that_does_not_fit_the_customers_ends_its_experiment_and_holds_nothing_up(second):
    settings, challenger = second
    begin(settings, challenger)
    other = SPENDING.model_copy(update={"features": SPENDING.features[:-1]})
    unfit = register(settings, other, promote=False)
    with transaction(settings.database()) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE scoring.experiment SET challenger = %s", (unfit.version,))
    assert published(settings, SPENDING, JUNE).rows == ROWS
    with transaction(settings.database()) as connection:
        (ended,) = experiments.all_of(connection, "spending")
    assert (ended.outcome, ended.ended_by) == ("stopped", "scoring")
    assert ended.end_reason.startswith("The challenger cannot score: ")
    assert {row.arm for row in rows(settings)} == {"champion"}


def test_a_shadow_scores_everybody_and_is_seen_by_nobody(second):
    settings, challenger = second
    begin(settings, challenger, mode="shadow")
    seen = published(settings, SPENDING, JUNE)
    assert {row.model_version for row in rows(settings)} == {1}
    assert [shadow(settings, SPENDING) for _ in range(2)] == [ROWS, 0]
    found = query(settings, "SELECT * FROM scoring.shadow_score ORDER BY customer_id")
    ours = {row.customer_id: row.value for row in rows(settings)}
    assert [row.customer_id for row in found] == list(ours)
    assert all(row.value != ours[row.customer_id] for row in found)
    with transaction(settings.database()) as connection:
        publications.drop(connection, publications.by_id(connection, seen.publication_id))
    assert value(settings, "SELECT count(*) FROM scoring.shadow_score") == 0
    assert value(settings, "SELECT count(*) FROM scoring.shadow") == 0


def test_without_a_shadow_there_is_nothing_to_do_after_a_publication(second):
    settings, challenger = second
    published(settings, SPENDING, JUNE)
    assert shadow(settings, SPENDING) == 0
    begin(settings, challenger)
    assert shadow(settings, SPENDING) == 0


def test_a_shadow_that_cannot_score_ends_and_the_publication_stays(second):
    settings, challenger = second
    begin(settings, challenger, mode="shadow")
    with transaction(settings.database()) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE scoring.experiment SET challenger_digest = %s", (hashlib.sha256().hexdigest(),))
    published(settings, SPENDING, JUNE)
    assert shadow(settings, SPENDING) == 0
    with transaction(settings.database()) as connection:
        assert experiments.running(connection, "spending") is None
    assert len(rows(settings)) == ROWS


def test_only_one_experiment_of_a_score_runs(second):
    settings, challenger = second
    begin(settings, challenger)
    with pytest.raises(Exception, match="one_running_experiment"):
        begin(settings, challenger, mode="shadow")


def test_a_challenger_that_fails_while_it_scores_ends_its_experiment_and_the_next_plan_is_the_champions(second):
    settings, challenger = second
    begin(settings, challenger)
    planned = plan(settings, SPENDING, JUNE, run_id="test")
    with transaction(settings.database()) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE scoring.arm SET model_digest = repeat('0', 64) WHERE arm = 'challenger'")
    with pytest.raises(ChallengerFailed, match=r"challenger of experiment 1 cannot score.*Run the partition again"):
        score_shard(settings, planned.publication_id, planned.shards[0])
    with transaction(settings.database()) as connection:
        (ended,) = experiments.all_of(connection, "spending")
    assert (ended.outcome, ended.ended_by) == ("stopped", "scoring")
    assert published(settings, SPENDING, JUNE).rows == ROWS
    assert {row.arm for row in rows(settings)} == {"champion"}


def test_a_value_that_cannot_be_published_is_the_fault_of_the_arm_that_gave_it(second):
    settings, challenger = second
    begin(settings, challenger)
    with pytest.raises(ChallengerFailed, match="no finite amount"):
        scored_by(settings, 1.0, np.inf)
    with pytest.raises(PermanentError, match="no finite amount") as fault:
        scored_by(settings, np.inf, 1.0)
    assert not isinstance(fault.value, ChallengerFailed)


def scored_by(settings, *amounts):
    """Rows of a split whose models give nothing but these amounts, the champion's first."""
    arms = arms_of(settings, plan(settings, SPENDING, JUNE, run_id="test").publication_id)
    encoding = Encoding.of(SPENDING, SHOP)
    models = [
        Scorer(DummyRegressor(strategy="constant", constant=0.0).fit([[0.0]], [0.0]), SPENDING, encoding,
               key=SHOP.key, name="a model")
        for _ in arms
    ]  # fmt: skip
    for model, amount in zip(models, amounts, strict=True):
        model._estimator.constant_ = np.array([[amount]])
    with transaction(settings.database()) as connection:
        location = manifest.current(connection, SHOP.name, JUNE).location
    with SnapshotFile(location) as file:
        return Scorers(SPENDING, SHOP, arms, models).rows(file.read())
