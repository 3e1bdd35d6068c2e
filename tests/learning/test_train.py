"""Training: outcomes come from the later snapshot and from nowhere else; models are registered with their history."""

from pathlib import Path

import mlflow
import numpy as np
import pytest
import sklearn
from factories import JULY, JUNE, MAY, customer, customers, query, register, snapshot_of
from mlflow.tracking import MlflowClient
from shop_definitions import LEAVING, SHOP, SPENDING
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from scoring.database import connect
from scoring.domain.dataset import CsvSource
from scoring.domain.monitoring import Monitoring
from scoring.domain.reasons import Reasons
from scoring.domain.score import Target
from scoring.errors import NotFound, PermanentError
from scoring.learning.train import in_sample, train
from scoring.learning.training_set import training_set
from scoring.models.charge import in_charge
from scoring.models.encoding import Encoding
from scoring.models.model_file import MODEL_FILE, file_digest
from scoring.models.registry import Registry
from scoring.snapshots import manifest

BEFORE = [customer(number, spend=float(number**2 % 97), visits=number % 11) for number in range(60)]
# In June some are gone, some are new, they stand in another order, and everybody spends and visits differently.
AFTER = [
    customer(number, spend=2.0 * (number**2 % 97) + number % 11, visits=(number * 7) % 11)
    for number in reversed(range(10, 70))
]
KNOWN = range(10, 60)


@pytest.fixture
def two_months(own_registry):
    snapshot_of(own_registry, BEFORE, MAY)
    snapshot_of(own_registry, AFTER, JUNE)
    return own_registry


def client_of(settings):
    uri = settings.mlflow_tracking_uri.get_secret_value()
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def test_a_model_that_cannot_be_explained_is_not_registered_if_its_scores_are_to_be(two_months):
    riddle = SPENDING.model_copy(update={"estimator": KNeighborsRegressor, "reasons": Reasons()})
    with pytest.raises(PermanentError, match="KNeighborsRegressor is neither a linear model"):
        train(two_months, riddle, MAY)
    assert len(client_of(two_months).search_model_versions("name = 'spending'")) == 1
    explained = train(two_months, SPENDING.model_copy(update={"reasons": Reasons(stored=True)}), MAY)
    means = [np.mean([BEFORE[number][name] for number in KNOWN]) for name in SPENDING.features]
    assert explained.background == pytest.approx(means)


@pytest.fixture
def nobody(two_months):
    """The same with an MLflow in which no model is registered."""
    client_of(two_months).delete_registered_model("spending")
    return two_months


def snapshots_of(settings):
    with connect(settings.database()) as connection:
        return [manifest.current(connection, "shop", as_of) for as_of in (MAY, JUNE)]


@pytest.mark.parametrize("score", [LEAVING, SPENDING], ids=lambda score: score.kind)
def test_features_are_of_the_earlier_and_outcomes_of_the_later_snapshot(two_months, score):
    known = training_set(score, SHOP, *snapshots_of(two_months))
    features, outcome = known.features, known.outcome
    later = {row["customer_id"]: row[score.target.column] for row in AFTER}
    plans = SHOP.column("plan").values
    expected = np.array(
        [
            [float(plans.index(row[name])) if name == "plan" else float(row[name]) for name in score.features]
            for row in BEFORE[10:]
        ]
    )
    amounts = np.array([float(later[row["customer_id"]]) for row in BEFORE[10:]])
    np.testing.assert_array_equal(features.to_numpy(), expected)
    bound = score.target.at_least
    np.testing.assert_array_equal(outcome, amounts if bound is None else (amounts >= bound).astype(float))


def test_what_is_fitted_is_what_numpy_finds_on_the_same_rows(two_months):
    ref = train(two_months, SPENDING, MAY)
    model = Registry(two_months.mlflow_tracking_uri.get_secret_value()).load(ref, ())
    rows = np.array([[row["spend"], row["visits"], 1.0] for row in BEFORE[10:]], dtype=float)
    later = {row["customer_id"]: row["spend"] for row in AFTER}
    solved, *_ = np.linalg.lstsq(rows, np.array([later[row["customer_id"]] for row in BEFORE[10:]]))
    assert isinstance(model, LinearRegression)
    np.testing.assert_allclose([*model.coef_, model.intercept_], solved, atol=1e-9)


def test_the_first_version_becomes_champion_and_later_ones_do_not(nobody):
    registry = Registry(nobody.mlflow_tracking_uri.get_secret_value())
    assert registry.find_champion("spending") is None
    first, second = train(nobody, SPENDING, MAY), train(nobody, SPENDING, MAY)
    assert (first.version, second.version) == (1, 2)
    assert in_charge(nobody.database(), registry, "spending") == first
    assert registry.find_champion("spending") == first


def test_a_version_carries_its_history_its_signature_and_an_example(two_months):
    ref = train(two_months, LEAVING, MAY)
    before, after = snapshots_of(two_months)
    client = client_of(two_months)
    version = client.get_model_version(ref.name, str(ref.version))
    assert version.tags == {
        "score": "leaving",
        "trained_as_of": "2024-05-31",
        "snapshot_digest": before.digest,
        "outcome_snapshot_digest": after.digest,
        "data_set_digest": SHOP.digest,
        "rows": str(len(KNOWN)),
        "out_of_fold_digest": version.tags["out_of_fold_digest"],
        "model_digest": ref.digest,
        "scikit_learn": sklearn.__version__,
        "encoding.0": '[["mood","number",[]],["visits","integer",[]],["plan","category",["free","paid"]]]',
        "background.0": "[0.14,4.8,0.68]",  # the mean features of its customers, for reasons
        "parity": "refused: LogisticRegression is no ensemble of trees that is known here",
    }
    assert ref.encoding == Encoding.of(LEAVING, SHOP)
    model = mlflow.models.Model.load(client.get_model_version_download_uri(ref.name, str(ref.version)))
    assert model.signature.inputs.input_names() == list(LEAVING.features)
    assert model.saved_input_example_info is not None
    run = client.get_run(version.run_id)
    assert {"in_sample_roc_auc", "in_sample_precision", "in_sample_recall"} <= run.data.metrics.keys()
    assert run.data.params["C"] == "1.0"


def test_a_model_is_kept_as_skops_and_no_pickle_stands_beside_it(two_months):
    ref = train(two_months, SPENDING, MAY)
    directory = Path(client_of(two_months).get_model_version_download_uri(ref.name, str(ref.version)))
    assert file_digest(directory / MODEL_FILE) == ref.digest
    assert not [path for path in directory.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib", ".cloudpickle")]


@pytest.mark.parametrize(("as_of", "missing"), [(JUNE, JULY), (JULY, JULY)], ids=["the outcome", "the features"])
def test_a_missing_snapshot_is_named_with_the_remedy(two_months, as_of, missing):
    with pytest.raises(NotFound, match=f"no snapshot of shop at {missing}.*scoring ingest shop --as-of {missing}"):
        train(two_months, SPENDING, as_of)


@pytest.mark.parametrize(
    ("score", "later"),
    [(SPENDING, [customer(number) for number in range(100, 110)]), (LEAVING, customers(60, visits=1))],
    ids=["nobody stayed", "one class only"],
)
def test_when_there_is_nothing_to_learn_from_it_is_said(two_months, score, later):
    snapshot_of(two_months, later, JUNE)
    with pytest.raises(PermanentError, match=f"{score.name} cannot be trained at 2024-05-31"):
        train(two_months, score, MAY)


def test_training_writes_nothing_to_the_database(two_months):
    before = query(two_months, "SELECT * FROM scoring.snapshot")
    train(two_months, SPENDING, MAY)
    assert query(two_months, "SELECT * FROM scoring.snapshot") == before
    assert register(two_months, SPENDING, promote=False).version == 3


class Own:
    """A user's estimator."""

    def __init__(self, **behaviour):
        self.behaviour = behaviour

    def fit(self, *_):
        if "fit" in self.behaviour:
            raise self.behaviour["fit"]
        return self

    def get_params(self):
        return {}

    def predict(self, features):
        if features.isna().any(axis=None):
            raise ValueError("Input X contains NaN.")
        return np.ones(len(features))


def failing(error):
    def make():
        raise error

    return make


BROKEN = {
    "a missing package": (
        failing(ModuleNotFoundError("No module named 'lightgbm'", name="lightgbm")),
        "estimator: the package 'lightgbm' is not installed",
    ),
    "a factory that fails": (
        failing(ZeroDivisionError("division by zero")),
        "estimator: it cannot be made: ZeroDivisionError",
    ),
    "a fit that fails": (lambda: Own(fit=ValueError("bad shape")), "cannot be fitted: ValueError: bad shape"),
    "no estimator at all": (lambda: None, "cannot be fitted: AttributeError"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_an_estimator_that_does_not_work_is_a_permanent_error_that_names_it(two_months, case):
    factory, said = case
    with pytest.raises(PermanentError, match=f"(Score .spending.: |The estimator of spending ){said}"):
        train(two_months, SPENDING.model_copy(update={"estimator": factory}), MAY)
    assert client_of(two_months).get_registered_model("spending").latest_versions[0].version == 1


def test_an_estimator_that_cannot_take_the_nulls_that_the_definition_allows_is_refused_at_training(two_months):
    picky = SPENDING.model_copy(update={"features": ("spend", "balance"), "estimator": Own})
    with pytest.raises(PermanentError, match=r"cannot take customers without balance, .*contains NaN.*imputer"):
        train(two_months, picky, MAY)


def test_metrics_on_the_training_rows_are_of_published_values_and_the_definitions_threshold():
    outcome, values = np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.35, 0.6, 0.3, 0.1])
    strict = LEAVING.model_copy(update={"monitoring": Monitoring(threshold=0.3)})
    assert in_sample(LEAVING, outcome, values)["in_sample_recall"] == pytest.approx(1 / 3)
    assert in_sample(strict, outcome, values) == {
        "in_sample_roc_auc": pytest.approx(1 / 3),
        "in_sample_precision": pytest.approx(2 / 3),
        "in_sample_recall": pytest.approx(2 / 3),
    }


def test_a_regressions_metrics_are_its_errors():
    found = in_sample(SPENDING, np.array([1.0, 5.0]), np.array([4.0, 5.0]))
    assert found == {"in_sample_mae": 1.5, "in_sample_rmse": pytest.approx(4.5**0.5)}


def test_a_target_that_snapshots_do_not_show_cannot_be_trained_yet(two_months):
    elsewhere = Target(column="cancelled", at_least=1, source=CsvSource(path="cancelled_{as_of}.csv"))
    with pytest.raises(PermanentError, match=r"'cancelled' is no column of 'shop'.*Add the column"):
        train(two_months, LEAVING.model_copy(update={"target": elsewhere}), MAY)
