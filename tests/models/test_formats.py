"""Model files are known by their content, read without pickle, and hold no more than is trusted."""

import builtins
import pickle
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn import set_config  # noqa: F401 - scikit-learn is whole before its estimators are listed
from sklearn.base import clone
from sklearn.utils import all_estimators

from scoring.errors import ConfigurationError, PermanentError
from scoring.models.formats import known
from scoring.models.formats.contract import installed
from scoring.models.formats.known import FORMATS, of_estimator, of_file, of_kind
from scoring.models.formats.trusted import TRUSTED

RANDOM = np.random.default_rng(0)
ROWS = 120
FRAME = pd.DataFrame(
    {
        "plan": pd.Categorical(RANDOM.choice(["free", "paid"], ROWS), categories=["free", "paid", "gold"]),
        "visits": RANDOM.integers(0, 90, ROWS),
        "mood": RANDOM.normal(size=ROWS),
    }
)
FRAME.loc[::7, "mood"] = np.nan
FRAME.loc[::11, "plan"] = np.nan
HAPPENED = ((FRAME.plan == "paid") | (FRAME.visits > 60)).to_numpy(float)
AMOUNT = FRAME.visits.to_numpy(float) + 1.0

# What skops asks about and what is left out on purpose: functions, which a file could name as it likes, and what only
# the tuning of thresholds needs, which is no way to make a probability.
LEFT_OUT = {
    "sklearn.metrics._classification.balanced_accuracy_score",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
}
ALONE = {  # estimators that need others, or an output of several columns
    "ClassifierChain", "MultiOutputClassifier", "MultiOutputRegressor", "RegressorChain", "CCA", "PLSCanonical",
    "MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV", "IsotonicRegression",
}  # fmt: skip


def estimators():
    """Each of scikit-learn's classifiers and regressors by name; what takes another one takes a linear one."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    for kind, inner in (("classifier", LogisticRegression()), ("regressor", LinearRegression())):
        for name, made in all_estimators(kind):
            if name in ALONE:
                continue
            words = made.__init__.__code__.co_varnames[1 : made.__init__.__code__.co_argcount]
            if "estimators" in words[:1]:
                yield name, kind, made([("one", inner)])
            elif name not in ("AdaBoostClassifier", "AdaBoostRegressor") and "estimator" in words[:1]:
                yield name, kind, made(inner)
            else:
                yield name, kind, made()


SEED = 0  # an OutputCodeClassifier draws its codes; with some, it has a class of nobody, a _ConstantPredictor


def pipelines():
    """What people build of typed features."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import (
        GradientBoostingRegressor,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.feature_selection import SelectKBest
    from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
    from sklearn.linear_model import LogisticRegression, TweedieRegressor
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler
    from sklearn.svm import SVC

    def encoded(imputer, *further):
        category = make_column_selector(dtype_include="category")
        return make_pipeline(make_column_transformer((OneHotEncoder(), category), remainder=imputer), *further)

    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    yield "classifier", encoded(numbers, LogisticRegression())
    yield "classifier", encoded(SimpleImputer(), MLPClassifier(solver="sgd", max_iter=2))
    yield "classifier", encoded(KNNImputer(), SVC(probability=True))
    yield "classifier", encoded(IterativeImputer(), KNeighborsClassifier(algorithm="ball_tree"))
    yield "classifier", encoded(SimpleImputer(), KNeighborsClassifier(metric="manhattan", algorithm="kd_tree"))
    yield "classifier", encoded(SimpleImputer(), SelectKBest(k=2), LogisticRegression())
    yield "classifier", HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=3)
    yield "classifier", CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=3), method="isotonic", cv=2)
    bins = make_column_transformer((OrdinalEncoder(), ["plan"]), (KBinsDiscretizer(3), ["visits"]))
    yield "classifier", make_pipeline(bins, SimpleImputer(), LogisticRegression())
    for loss in ("squared_error", "absolute_error", "gamma", "poisson"):
        yield "regressor", HistGradientBoostingRegressor(loss=loss, max_iter=2)
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        yield "regressor", encoded(SimpleImputer(), GradientBoostingRegressor(loss=loss, n_estimators=2))
    yield "regressor", encoded(SimpleImputer(), TweedieRegressor(power=1.5, link="log"))
    yield "regressor", encoded(SimpleImputer(), TweedieRegressor(power=0))


def test_the_kept_list_is_what_scikit_learns_own_estimators_ask_for_and_no_more():
    numbers = FRAME[["visits", "mood"]].fillna(0).abs()
    asked = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, kind, estimator in estimators():
            if "random_state" in estimator.get_params(deep=False):
                estimator.set_params(random_state=SEED)
            asked[name] = untrusted(estimator.fit(numbers, HAPPENED if kind == "classifier" else AMOUNT))
        for number, (kind, estimator) in enumerate(pipelines()):
            asked[number] = untrusted(estimator.fit(FRAME, HAPPENED if kind == "classifier" else AMOUNT))
    wanted = set().union(*asked.values())
    foreign = {one for one in wanted if not one.startswith(("sklearn.", "numpy."))} - {"functools.partial"}
    assert wanted - LEFT_OUT - foreign == set(TRUSTED)
    assert not LEFT_OUT & set(TRUSTED)
    for name in ("RandomForestClassifier", "ExtraTreesRegressor", "GradientBoostingClassifier", "SVC", "MLPClassifier"):
        assert asked[name] <= set(TRUSTED), name


def untrusted(estimator):
    return set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator)))


def test_a_partial_of_another_function_is_not_loaded_because_partials_are_trusted(tmp_path):
    from functools import partial

    from sklearn.preprocessing import FunctionTransformer

    skops.io.dump(FunctionTransformer(partial(pickle.loads)), tmp_path / "model")
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException, match="loads"):
        of_kind("scikit-learn").load(tmp_path / "model", ())


def fitted(kind):
    """An estimator of each format."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    if kind == "catboost":
        catboost = pytest.importorskip("catboost")
        return catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False)
    if kind == "xgboost":
        return pytest.importorskip("xgboost").XGBClassifier(n_estimators=3)
    lightgbm = pytest.importorskip("lightgbm").LGBMClassifier(n_estimators=3, verbose=-1)
    steps = make_pipeline(FunctionTransformer(), clone(lightgbm))
    return {"lightgbm": lightgbm, "pipeline": steps, "scikit-learn": LogisticRegression()}[kind]


TRAINED = ("lightgbm", "xgboost", "catboost", "pipeline", "scikit-learn")


@pytest.mark.parametrize("kind", TRAINED)
def test_a_file_is_known_by_its_content_and_gives_what_was_saved(tmp_path, kind):
    numbers = FRAME[["visits", "mood"]].fillna(0)
    estimator, file = fitted(kind).fit(numbers, HAPPENED), tmp_path / "a.name.that.says.nothing"
    assert of_estimator(estimator).kind == kind
    of_estimator(estimator).save(estimator, file, ())
    assert [one.kind for one in FORMATS if one.begins(file)] == [kind]
    model = of_file(file).load(file, ())
    np.testing.assert_allclose(
        model.predict_proba(numbers)[:, 1], estimator.predict_proba(numbers)[:, 1], rtol=0, atol=1e-7
    )
    assert of_kind(kind).facts(model).count in (2, None)
    assert of_kind(kind).facts(model).features in (("visits", "mood"), None)


@pytest.mark.parametrize("kind", TRAINED[:4])
def test_of_more_than_two_classes_no_model_is_loaded(tmp_path, kind):
    numbers = FRAME[["visits", "mood"]].fillna(0)
    estimator = fitted(kind).fit(numbers, FRAME.visits % 3)
    of_kind(kind).save(estimator, tmp_path / "model", ())
    with pytest.raises(PermanentError, match=r"The model tells 3 classes apart; a score is the probability of one"):
        of_kind(kind).load(tmp_path / "model", ())


@pytest.mark.parametrize("kind", ["lightgbm", "xgboost", "catboost", "onnx"])
def test_a_package_that_is_missing_is_named_with_how_to_install_it(tmp_path, kind, monkeypatch):
    form, true_import = of_kind(kind), builtins.__import__

    def hidden(name, *given, **more):
        if name.split(".")[0] == form.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return true_import(name, *given, **more)

    (tmp_path / "model").write_bytes(b"")
    for name in [name for name in __import__("sys").modules if name.split(".")[0] == form.package]:
        monkeypatch.delitem(__import__("sys").modules, name)
    monkeypatch.setattr(builtins, "__import__", hidden)
    with pytest.raises(ConfigurationError, match=rf"'{form.package}'.*pip install -r requirements-models\.txt"):
        form.load(tmp_path / "model", ())


def test_scoring_knows_all_formats_without_importing_their_packages():
    import subprocess
    import sys

    code = (
        "import sys, scoring.models.formats.known\n"
        "print([name for name in ('lightgbm', 'xgboost', 'catboost', 'onnxruntime') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


WRONG = {
    "a pickle": (lambda: pickle.dumps({"a": 1}), r"model is a pickle, which is never loaded.*docs/bring-a-model\.md"),
    "a text": (lambda: b"hello", r"model is no model file that is known here"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_another_file_is_refused_with_what_there_is(tmp_path, case):
    content, said = case
    (tmp_path / "model").write_bytes(content())
    with pytest.raises(PermanentError, match=said):
        of_file(tmp_path / "model")


def test_another_zip_file_is_no_model(tmp_path):
    with zipfile.ZipFile(tmp_path / "model", "w") as file:
        file.writestr("schema.json", "{}")
    with pytest.raises(PermanentError, match="no model file"):
        of_file(tmp_path / "model")


def test_a_kind_of_a_later_release_is_refused():
    with pytest.raises(PermanentError, match="kind 'oracle' are not known here"):
        of_kind("oracle")


def test_a_librarys_version_is_named_with_it():
    import lightgbm

    assert installed(known.of_kind("lightgbm")) == f"lightgbm {lightgbm.__version__}"
