"""A model that was trained elsewhere is compared, tried, registered and judged, whatever kind of file it is."""

import pickle

import mlflow
import numpy as np
import pandas as pd
import pytest
import skops.io
from factories import AUGUST, JUNE, customer, published, query, register, snapshot_of, value
from factories_learning import in_charge, learning, registry_of, three_months
from shop_definitions import LEAVING, SPENDING

from scoring.catalog import load_catalog
from scoring.errors import NotFound, PermanentError
from scoring.learning.bringing import bring
from scoring.learning.judging import approve
from scoring.publishing.passport import passport, recompute

FEATURES = ("mood", "visits", "plan", "active")
TYPED = LEAVING.model_copy(update={"features": FEATURES, "features_as": "typed"})
CODES = LEAVING.model_copy(update={"features": FEATURES})


def elsewhere(rows=300):
    """Data of somebody who knows the same columns, in an order of their own, and whether the customer left."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "plan": pd.Categorical(random.choice(["free", "paid"], rows), categories=["free", "paid"]),
            "active": random.choice([0.0, 1.0, np.nan], rows),
            "visits": random.integers(0, 9, rows),
            "mood": random.normal(size=rows),
        }
    )
    return frame, ((frame["mood"] + (frame["plan"] == "paid")) > 0.5).astype(int)


def skops_file(path):
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    by_type = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
        remainder=SimpleImputer(),
    )
    skops.io.dump(make_pipeline(by_type, LogisticRegression()).fit(*elsewhere()), path)


def lightgbm_file(path):
    import lightgbm

    features, left = elsewhere()
    lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(features, left), 10).save_model(path)


def xgboost_json(path):
    import xgboost

    fitted = xgboost.XGBClassifier(n_estimators=10, enable_categorical=True, n_jobs=1).fit(*elsewhere())
    path.write_bytes(bytes(fitted.get_booster().save_raw("json")))


def xgboost_ubj(path):
    import xgboost

    fitted = xgboost.XGBClassifier(n_estimators=10, enable_categorical=True, n_jobs=1).fit(*elsewhere())
    path.write_bytes(bytes(fitted.get_booster().save_raw("ubj")))


def catboost_file(path):
    import catboost

    features, left = elsewhere()
    features["plan"] = features["plan"].astype(str)
    fitted = catboost.CatBoostClassifier(
        iterations=10, verbose=False, allow_writing_files=False, thread_count=1, cat_features=["plan"]
    ).fit(features, left)
    fitted.save_model(str(path), format="cbm")


def onnx_matrix(path):
    """The probability from one matrix of codes, 32-bit: the sigmoid of the mood and the plan; nulls count as 0."""
    from onnx import TensorProto, helper, save

    weights = np.array([[1.0], [0.0], [1.0], [0.0]], np.float32)
    nodes = [
        helper.make_node("IsNaN", ["features"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "features"], ["filled"]),
        helper.make_node("MatMul", ["filled", "weights"], ["margin"]),
        helper.make_node("Sigmoid", ["margin"], ["probability"]),
    ]
    constants = [
        helper.make_tensor("weights", TensorProto.FLOAT, (4, 1), weights.ravel()),
        helper.make_tensor("zero", TensorProto.FLOAT, (1,), [0.0]),
    ]
    shape = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 4])
    said = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])
    save(model_of(helper.make_graph(nodes, "leaving", [shape], [said], constants)), str(path))


def onnx_columns(path):
    """The same from a column for each feature by name, the plan as a text."""
    from onnx import TensorProto, helper, save

    encoder = helper.make_node(
        "LabelEncoder", ["plan"], ["paid"], domain="ai.onnx.ml", keys_strings=["free", "paid"], values_floats=[0.0, 1.0]
    )
    nodes = [
        encoder,
        helper.make_node("Add", ["mood", "paid"], ["margin"]),
        helper.make_node("Sigmoid", ["margin"], ["probability"]),
    ]
    kinds = {"plan": TensorProto.STRING, "active": TensorProto.FLOAT, "visits": TensorProto.INT64,
             "mood": TensorProto.FLOAT}  # fmt: skip
    inputs = [helper.make_tensor_value_info(name, kind, [None, 1]) for name, kind in kinds.items()]
    said = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])
    save(model_of(helper.make_graph(nodes, "leaving", inputs, [said])), str(path))


def model_of(graph):
    from onnx import helper

    sets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=sets, ir_version=9)


FILES = {
    "skops": (skops_file, TYPED, "scikit-learn", "typed"),
    "LightGBM": (lightgbm_file, TYPED, "lightgbm", "typed"),
    "LightGBM, and the definition shows codes": (lightgbm_file, CODES, "lightgbm", "typed"),
    "XGBoost JSON": (xgboost_json, TYPED, "xgboost", "typed"),
    "XGBoost UBJSON": (xgboost_ubj, TYPED, "xgboost", "typed"),
    "CatBoost": (catboost_file, TYPED, "catboost", "typed"),
    "ONNX of a matrix": (onnx_matrix, CODES, "onnx", "codes"),
    "ONNX of columns": (onnx_columns, CODES, "onnx", "typed"),
}


@pytest.fixture
def nobody(own_registry):
    """The shop with a snapshot and no model."""
    uri = own_registry.mlflow_tracking_uri.get_secret_value()
    mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri).delete_registered_model("leaving")
    snapshot_of(own_registry, [customer(number, mood=(number % 9 - 4) / 2) for number in range(150)], JUNE)
    return own_registry


def defined(monkeypatch, score):
    monkeypatch.setitem(load_catalog("shop_definitions").scores, score.name, score)
    return score


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_a_model_of_each_kind_is_brought_scores_and_is_recomputed(nobody, tmp_path, monkeypatch, case):
    write, score, kind, shown = case
    defined(monkeypatch, score)
    write(tmp_path / "theirs")
    found = bring(nobody, score, str(tmp_path / "theirs"), by="ann", reason="our own")
    assert (found.ref.kind, found.shown, found.became.because) == (
        kind,
        shown,
        "It is the first version, and in charge.",
    )
    assert found.tried.customers == 150
    assert found.tried.apart <= 1e-6
    if found.named:
        assert found.ref.encoding.names == ["plan", "active", "visits", "mood"], "the order is the file's"
    assert published(nobody, score, JUNE).rows == 150
    assert value(nobody, "SELECT count(DISTINCT value) FROM scoring.score") >= 5
    for customer_id in ("c0000", "c0005", "c0149"):
        passed = passport(nobody, "leaving", customer_id, JUNE)
        assert recompute(nobody, passed) == pytest.approx(passed.row.value, abs=1e-9)
    again = bring(nobody, score, str(tmp_path / "theirs"), by="ann", reason="again")
    assert again.ref == found.ref, "the same file finds its version"


def test_what_a_file_says_is_what_is_scored(nobody, tmp_path, monkeypatch):
    """The file's own order and categories decide, not those of the definition."""
    import lightgbm

    score = defined(monkeypatch, TYPED)
    lightgbm_file(tmp_path / "theirs")
    bring(nobody, score, str(tmp_path / "theirs"), by="ann", reason="our own")
    published(nobody, score, JUNE)
    row = passport(nobody, "leaving", "c0007", JUNE).row
    theirs = pd.DataFrame({"plan": pd.Categorical(["paid"], ["paid", "free"]), "active": [1.0], "visits": [7],
                           "mood": [(7 % 9 - 4) / 2]})  # fmt: skip
    (said,) = lightgbm.Booster(model_file=tmp_path / "theirs").predict(theirs)
    assert row.value == said


def test_each_difference_between_a_file_and_the_definition_is_listed(nobody, tmp_path, monkeypatch):
    import lightgbm

    score = defined(monkeypatch, TYPED)
    features, left = elsewhere()
    features["plan"] = features["plan"].cat.rename_categories({"paid": "gold"})
    features = features.rename(columns={"mood": "Mood"})
    lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(features, left), 2).save_model(
        tmp_path / "theirs"
    )
    with pytest.raises(
        PermanentError, match=r"The model in theirs does not fit the definition of 'leaving'"
    ) as refused:
        bring(nobody, score, str(tmp_path / "theirs"), by="ann", reason="our own")
    said = str(refused.value)
    assert "feature 'mood' is new: the model was trained without it" in said
    assert "feature 'Mood' is gone: the model was trained with it" in said
    assert "category 'plan' has values that the model has never seen: 'paid'" in said
    assert registry_of(nobody).versions("leaving") == []


def refused_files(tmp_path):
    from sklearn.linear_model import LinearRegression, LogisticRegression

    features, left = elsewhere()
    numbers = features[["visits", "mood"]]
    skops.io.dump(LogisticRegression().fit(numbers.to_numpy(), left), tmp_path / "two columns")
    skops.io.dump(
        LinearRegression().fit(features[["mood", "visits"]].assign(plan=0, active=0), left), tmp_path / "amount"
    )
    skops.io.dump(
        LogisticRegression().fit(features[["mood"]].assign(visits=0, plan=0, active=0), left), tmp_path / "null"
    )
    (tmp_path / "pickle").write_bytes(pickle.dumps({}))


REFUSED = {
    "two columns": r"1\. the model takes 2 features: the definition has 4",
    "amount": r"has no predict_proba, which a classification needs",
    "null": r"Model that is being registered fails: ValueError: Input X contains NaN",
    "pickle": r"pickle is a pickle, which is never loaded",
    "nowhere": r"There is no model file .*nowhere",
}


@pytest.mark.parametrize(("file", "said"), REFUSED.items(), ids=REFUSED)
def test_a_model_that_could_not_score_is_not_registered(nobody, tmp_path, monkeypatch, file, said):
    score = defined(monkeypatch, CODES)
    refused_files(tmp_path)
    with pytest.raises((PermanentError, NotFound), match=said):
        bring(nobody, score, str(tmp_path / file), by="ann", reason="our own")
    assert registry_of(nobody).versions("leaving") == []


def test_a_model_that_looks_at_other_customers_is_refused(nobody, tmp_path, monkeypatch):
    from onnx import TensorProto, helper, save

    score = defined(monkeypatch, SPENDING)
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[0, 1], keepdims=1),
        helper.make_node("ReduceMean", ["features"], ["own"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["own", "mean"], ["amount"]),
    ]
    shape = helper.make_tensor_value_info("features", TensorProto.DOUBLE, [None, 2])
    said = helper.make_tensor_value_info("amount", TensorProto.DOUBLE, [None, 1])
    save(model_of(helper.make_graph(nodes, "spending", [shape], [said])), str(tmp_path / "theirs"))
    with pytest.raises(PermanentError, match=r"gives customer 'c\d+' .* among 150 customers and .* alone"):
        bring(nobody, score, str(tmp_path / "theirs"), by="ann", reason="our own")


def test_a_model_comes_from_mlflow_if_it_is_no_pickle_there(nobody, tmp_path, monkeypatch):
    import lightgbm
    from sklearn.linear_model import LogisticRegression

    score = defined(monkeypatch, TYPED)
    lightgbm_file(tmp_path / "theirs")
    uri = nobody.mlflow_tracking_uri.get_secret_value()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("theirs", str(tmp_path / "their artifacts")))
    with mlflow.start_run():
        booster = lightgbm.Booster(model_file=tmp_path / "theirs")
        native = mlflow.lightgbm.log_model(booster, name="model", registered_model_name="theirs")
        pickled = mlflow.sklearn.log_model(
            LogisticRegression().fit(*[part[:50] for part in (elsewhere()[0][["mood"]], elsewhere()[1])]),
            name="pickled", serialization_format="cloudpickle", pip_requirements=[],
        )  # fmt: skip
    found = bring(nobody, score, "models:/theirs/1", by="ann", reason="our own")
    assert (found.ref.kind, found.became.promotion.how) == ("lightgbm", "first")
    assert registry_of(nobody).tags(found.ref)["brought_from"] == "models:/theirs/1"
    assert bring(nobody, score, native.model_uri, by="ann", reason="again").ref == found.ref
    with pytest.raises(PermanentError, match="is a pickle, which is never loaded"):
        bring(nobody, score, pickled.model_uri, by="ann", reason="our own")


def test_a_brought_model_is_judged_and_a_person_is_asked_unless_it_says_until_when_it_has_learned(
    own_registry, monkeypatch
):
    """The champion says the opposite of what happens; the file says what happens."""
    register(own_registry, LEAVING, scale=-1.0)
    three_months(own_registry)
    score = defined(monkeypatch, learning())
    better = registry_of(own_registry).version("leaving", 1)
    theirs = registry_of(own_registry)._file(better)
    found = bring(own_registry, score, str(theirs), by="ann", reason="our own")
    assert (found.became.verdict.passed, found.became.waits, in_charge(own_registry)) == (True, True, 2)
    (told,) = query(own_registry, "SELECT title FROM scoring.alert WHERE kind = 'approval_waiting'")
    assert told.title == "leaving: leaving version 3 waits for your approval"
    late = bring(own_registry, score, str(theirs), by="ann", reason="our own", learned_until=AUGUST)
    assert (late.became.verdict, in_charge(own_registry)) == (None, 2)
    assert "No cohort is mature" in late.became.because
    kept = bring(own_registry, score, str(theirs), by="ann", reason="x", learned_until=JUNE, only_register=True)
    assert (kept.ref, kept.became.verdict.passed, in_charge(own_registry)) == (found.ref, True, 2)
    told = bring(own_registry, score, str(theirs), by="ann", reason="our own", learned_until=JUNE)
    assert (told.ref, told.became.promotion.how, in_charge(own_registry)) == (found.ref, "gate", 3)


def test_a_person_approves_what_was_brought(own_registry, monkeypatch):
    register(own_registry, LEAVING, scale=-1.0)
    three_months(own_registry)
    score = defined(monkeypatch, learning())
    theirs = registry_of(own_registry)._file(registry_of(own_registry).version("leaving", 1))
    found = bring(own_registry, score, str(theirs), by="ann", reason="our own")
    assert approve(own_registry, score, found.ref, by="bob", reason="it is new").how == "approval"
    assert in_charge(own_registry) == 3
