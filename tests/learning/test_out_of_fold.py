"""What a model promises comes from customers that it has not learned from, and is kept with the version."""

import numpy as np
import pytest
from factories import JUNE, MAY, customer, snapshot_of
from mlflow.tracking import MlflowClient
from shop_definitions import LEAVING, SHOP, SPENDING
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from scoring.database import connect
from scoring.errors import IntegrityError
from scoring.learning.out_of_fold import FOLDS, SCHEMA, out_of_fold
from scoring.learning.train import train
from scoring.learning.training_set import TrainingSet, training_set
from scoring.models.registry import Registry
from scoring.snapshots import manifest

RNG = np.random.default_rng(0)


# Nothing in the features says how much a customer spends later or how often they come: one who remembers is lost.
def anybody(number):
    return customer(number, spend=float(RNG.integers(0, 10**6)), visits=int(RNG.integers(0, 11)))


BEFORE = [anybody(number) for number in range(80)]
AFTER = [anybody(number) for number in range(5, 80)]
REMEMBERS = {
    "leaving": LEAVING.model_copy(update={"estimator": lambda: KNeighborsClassifier(1)}),
    "spending": SPENDING.model_copy(update={"estimator": lambda: KNeighborsRegressor(1)}),
}


@pytest.fixture
def known_of(own_registry):
    snapshot_of(own_registry, BEFORE, MAY)
    snapshot_of(own_registry, AFTER, JUNE)

    def known(score):
        with connect(own_registry.database()) as connection:
            return training_set(score, SHOP, *(manifest.current(connection, "shop", as_of) for as_of in (MAY, JUNE)))

    return known


def test_a_model_that_only_remembers_promises_nothing(known_of):
    found = out_of_fold(REMEMBERS["leaving"], SHOP, known_of(LEAVING))
    assert 0.3 < found.promised["out_of_fold_roc_auc"] < 0.7
    found = out_of_fold(REMEMBERS["spending"], SHOP, known_of(SPENDING))
    assert found.promised["out_of_fold_mae"] > 100_000


@pytest.mark.parametrize("score", [LEAVING, SPENDING], ids=lambda score: score.kind)
def test_every_customer_is_scored_once_beside_its_place_and_outcome(known_of, score):
    known = known_of(score)
    rows = out_of_fold(score, SHOP, known).rows
    assert rows.schema == SCHEMA
    assert rows.column("row").to_pylist() == list(range(5, 80))
    np.testing.assert_array_equal(rows.column("outcome").to_numpy(), known.outcome)
    values, outcomes = rows.column("value").to_numpy(), rows.column("outcome").to_numpy()
    promised = out_of_fold(score, SHOP, known).promised
    if score.kind == "classification":
        assert promised["out_of_fold_roc_auc"] == pytest.approx(roc_auc_score(outcomes, values), abs=1e-12)
    else:
        assert promised["out_of_fold_mae"] == pytest.approx(mean_absolute_error(outcomes, values), abs=1e-9)


def test_the_same_training_set_gives_the_same(known_of):
    known = known_of(SPENDING)
    assert out_of_fold(SPENDING, SHOP, known).rows.equals(out_of_fold(SPENDING, SHOP, known).rows)


def test_of_many_customers_a_sample_is_enough(known_of):
    known = known_of(SPENDING)
    sampled = known.sample(20, 0)
    assert len(sampled.outcome) == len(sampled.features) == len(sampled.customers) == 20
    assert (np.diff(sampled.places) > 0).all()
    where = np.searchsorted(known.places, sampled.places)
    np.testing.assert_array_equal(sampled.outcome, known.outcome[where])
    np.testing.assert_array_equal(sampled.features.to_numpy(), known.features.to_numpy()[where])
    assert sampled.customers.to_pylist() == [known.customers[int(place)].as_py() for place in where]
    assert known.sample(1000, 0) is known


@pytest.mark.parametrize("score", [LEAVING, SPENDING], ids=lambda score: score.kind)
def test_too_few_customers_for_folds_promise_nothing(known_of, score):
    known = known_of(score)
    if score.kind == "classification":
        yes = np.flatnonzero(known.outcome)[: FOLDS - 1]
        few: TrainingSet = known.take(np.sort(np.concatenate([yes, np.flatnonzero(known.outcome == 0)])))
    else:
        few = known.take(np.arange(FOLDS - 1))
    found = out_of_fold(score, SHOP, few)
    assert found.promised == {}
    assert found.rows.equals(SCHEMA.empty_table())


def test_a_version_keeps_what_it_promises_and_a_changed_file_is_refused(known_of, own_registry):
    known = known_of(SPENDING)
    ref = train(own_registry, SPENDING, MAY)
    uri = own_registry.mlflow_tracking_uri.get_secret_value()
    registry, expected = Registry(uri), out_of_fold(SPENDING, SHOP, known)
    assert registry.out_of_fold(ref).equals(expected.rows)
    promised = registry.promised(ref)
    assert {f"out_of_fold_{name}": value for name, value in promised.items()} == pytest.approx(expected.promised)
    MlflowClient(uri, uri).set_model_version_tag(ref.name, str(ref.version), "out_of_fold_digest", "0" * 64)
    with pytest.raises(IntegrityError, match=r"out_of_fold.parquet of model spending version \d+ is not the file"):
        registry.out_of_fold(ref)


def test_a_version_of_before_promises_nothing(own_registry):
    registry = Registry(own_registry.mlflow_tracking_uri.get_secret_value())
    ref = registry.find_champion("spending")
    assert registry.out_of_fold(ref) is None
    assert registry.promised(ref) == {}
