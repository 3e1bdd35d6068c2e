"""What a score's digest says: a publication made with another definition is another publication."""

import pytest
from factories_definitions import mistakes_of
from pydantic import ValidationError
from shop_definitions import LEAVING, SPENDING

from scoring.domain.dataset import CsvSource, ExcelSource, ParquetSource, PostgresSource
from scoring.domain.dialect import Footer
from scoring.domain.experiments import ExperimentPolicy, Guard
from scoring.domain.learning import Learning, PromotionPolicy
from scoring.domain.monitoring import Monitoring, UpdatePolicy
from scoring.domain.score import Band, ChangeRule, Score, Target
from scoring.errors import DefinitionError

CHANGES = {
    "features": ("mood",),
    "points": 500,
    "bands": (Band(name="all", upper=1.0),),
    "minimum": 0.5,
    "change": ChangeRule(points=10),
    "kind": "regression",
}


@pytest.mark.parametrize("field", CHANGES)
def test_the_digest_changes_with_all_that_decides_what_is_published_and_told(field):
    assert LEAVING.model_copy(update={field: CHANGES[field]}).digest != LEAVING.digest


def test_what_a_promotion_does_to_the_crm_is_part_of_the_digest_and_how_fast_is_not():
    def digest(**fields):
        return LEAVING.model_copy(update={"change": LEAVING.change.model_copy(update=fields)}).digest

    assert digest(after_promotion="tell") == LEAVING.digest
    assert digest(per_minute_after_promotion=100) == LEAVING.digest
    assert digest(after_promotion="quiet") != LEAVING.digest


@pytest.mark.parametrize("field", ["title", "description", "owner", "trusted_types"])
def test_the_digest_does_not_change_with_what_only_people_read(field):
    assert LEAVING.model_copy(update={field: ("something else",)}).digest == LEAVING.digest


def test_the_digest_is_the_same_in_every_process():
    assert LEAVING.digest == "91424099f6f9a79eb0041e40ab54852728d0a2c515d19bd123ebea73cd73548a"


SAME_FILE = "source.path: holds no {as_of}, so every cohort would read the same file"
WRONG_TARGETS = {
    "a path without the cohort": ({"source": CsvSource(path="x.csv")}, SAME_FILE),
    "a Parquet path without it": ({"source": ParquetSource(path="x.parquet")}, SAME_FILE),
    "a spreadsheet's path without it": ({"source": ExcelSource(path="x.xlsx")}, SAME_FILE),
    "a sum of another column": (
        {"source": CsvSource(path="{as_of}.csv", footer=Footer(text="(?P<rows>.)(?P<mood>.)"))},
        "source.footer.text: it may have the sum of 'spend' alone",
    ),
    "a query without the cohort": (
        {"source": PostgresSource(connection="crm", query="SELECT 1")},
        "source.query: holds no %(as_of)s, so every cohort would read the same rows",
    ),
    "a time without a source": (
        {"observed_at": "seen"},
        "observed_at: only outcomes from a source of their own have it",
    ),
    "the value as the time": (
        {"source": CsvSource(path="{as_of}.csv"), "observed_at": "spend"},
        "observed_at: 'spend' is the column with the value",
    ),
}


@pytest.mark.parametrize(("fields", "said"), WRONG_TARGETS.values(), ids=WRONG_TARGETS)
def test_a_target_whose_source_cannot_tell_one_cohort_from_another_is_refused(fields, said):
    assert mistakes_of(lambda: Target(column="spend", **fields)) == [said]


@pytest.mark.parametrize(
    "source",
    [
        CsvSource(path="spent_{as_of}.csv"),
        ParquetSource(path="{as_of}.parquet"),
        PostgresSource(connection="crm", query="SELECT id, spend FROM spent WHERE day = %(as_of)s"),
    ],
)
def test_a_target_may_have_a_source_of_its_own_which_does_not_change_what_is_published(source):
    target = Target(column="visits", at_least=5, source=source, observed_at="seen")
    assert LEAVING.model_copy(update={"target": target}).digest == LEAVING.digest


RULES = {  # fields of a change rule: whether it is one
    "none": ({}, False),
    "only of the first load": ({"announce_first_load": True}, False),
    "band": ({"band": True}, True),
    "points": ({"points": 1}, True),
    "relative": ({"relative": 0.1}, True),
    "absolute": ({"absolute": 0.1}, True),
    "two of them": ({"relative": 0.1, "absolute": 0.1}, True),
}


@pytest.mark.parametrize(("fields", "sound"), RULES.values(), ids=RULES)
def test_a_change_rule_needs_one_of_its_reasons(fields, sound):
    mistakes = [] if sound else ["band, points, relative, absolute: a change rule needs one of them"]
    assert mistakes_of(lambda: ChangeRule(**fields)) == mistakes


@pytest.mark.parametrize(
    ("fields", "sound"),
    [
        ({"after_promotion": "quiet"}, True),
        ({"per_minute_after_promotion": 9}, True),
        ({"after_promotion": "tell", "per_minute_after_promotion": 9}, True),
        ({"after_promotion": "quiet", "per_minute_after_promotion": 9}, False),
    ],
)
def test_what_is_not_told_has_no_pace(fields, sound):
    said = "per_minute_after_promotion: nothing is told after a promotion if after_promotion is 'quiet'"
    assert mistakes_of(lambda: ChangeRule(band=True, **fields)) == ([] if sound else [said])


def bands(*uppers):
    return tuple(Band(name=f"{number}", upper=upper) for number, upper in enumerate(uppers))


NO_BANDS = "change.band: the score has no bands"
NO_POINTS = "change.points: the score has no points"
ONLY_CLASSES = "points, bands: only a classification's probability has them"
AT_LEAST = "target.at_least: a classification needs it (or 'positive'), a regression must not have it"
GROW = "bands: upper bounds must grow from band to band"
LAST = "bands: the last upper bound must be 1, so that every probability has a band"
OF_CLASSES = (
    "monitoring.update.metric: a classification is judged by one of precision, recall, f1, roc_auc, pr_auc, brier, "
    "log_loss, ks, not by mae"
)
OF_NUMBERS = "monitoring.update.metric: a regression is judged by one of mae, rmse, r2, not by roc_auc"


def judged_by(metric):
    return {"monitoring": Monitoring(update=UpdatePolicy(metric=metric))}


SCORES = {  # a score and what is changed in it: what is wrong then
    "guarded segments that are not monitored": (
        LEAVING,
        {"learning": Learning(promotion=PromotionPolicy(segments=("plan", "active")))},
        ["learning.promotion.segments: active, plan must be in monitoring.segments"],
    ),
    "a guarded segment that is": (
        LEAVING,
        {
            "learning": Learning(promotion=PromotionPolicy(segments=("plan",))),
            "monitoring": Monitoring(segments=("plan", "active")),
        },
        [],
    ),
    "segments of an experiment that are not monitored": (
        LEAVING,
        {
            "experiment": ExperimentPolicy(segments=("plan", "active", "a")),
            "monitoring": Monitoring(segments=("plan",)),
        },
        ["experiment.segments: a, active must be in monitoring.segments"],
    ),
    "an experiment that a regression cannot be judged by": (
        SPENDING,
        {"experiment": ExperimentPolicy(metric="ks", guards=(Guard(metric="brier", margin=0.1),))},
        [f"experiment: a regression is judged by one of mae, rmse, r2, not by {one}" for one in ("ks", "brier")],
    ),
    "a guard of what decides by the definition of the experiment": (
        LEAVING,
        {"experiment": ExperimentPolicy(metric="ks", guards=(Guard(metric="ks", margin=0.1),))},
        ["experiment.guards: ks decides already"],
    ),
    "a guard of what decides because it is the headline": (
        LEAVING,
        {"experiment": ExperimentPolicy(guards=(Guard(metric="roc_auc", margin=0.1),))},
        ["experiment.guards: roc_auc decides already"],
    ),
    "a guard of another metric": (
        LEAVING,
        {"experiment": ExperimentPolicy(metric="ks", guards=(Guard(metric="roc_auc", margin=0.1),))},
        [],
    ),
    "a calibrated regression": (
        SPENDING,
        {"learning": Learning(calibrate="sigmoid")},
        ["learning.calibrate: only a classification's probability is calibrated"],
    ),
    "a calibrated classification": (LEAVING, {"learning": Learning(calibrate="isotonic")}, []),
    "a classification": (LEAVING, {}, []),
    "a regression": (SPENDING, {}, []),
    "a feature twice": (LEAVING, {"features": ("mood", "mood")}, ["features: a column is named twice"]),
    "a regression with points": (SPENDING, {"points": 100}, [ONLY_CLASSES]),
    "a regression with bands": (SPENDING, {"bands": bands(1.0)}, [ONLY_CLASSES]),
    "a classification of nothing": (LEAVING, {"target": SPENDING.target}, [AT_LEAST]),
    "a regression of a class": (SPENDING, {"target": LEAVING.target}, [AT_LEAST]),
    "bands that fall": (LEAVING, {"bands": bands(0.7, 0.3, 1.0)}, [GROW]),
    "bands that do not grow": (LEAVING, {"bands": bands(0.3, 0.3, 1.0)}, [GROW]),
    "one band": (LEAVING, {"bands": bands(1.0)}, []),
    "bands that end early": (LEAVING, {"bands": bands(0.3, 0.99)}, [LAST]),
    "a change of bands without bands": (LEAVING, {"bands": ()}, [NO_BANDS]),
    "a change of points without points": (LEAVING, {"points": None}, [NO_POINTS]),
    "no bands, and no change of bands": (LEAVING, {"bands": (), "change": ChangeRule(points=50)}, []),
    "no points, and no change of points": (LEAVING, {"points": None, "change": ChangeRule(band=True)}, []),
    "points without a change of points": (LEAVING, {"change": ChangeRule(band=True)}, []),
    "a classification's metric": (LEAVING, judged_by("brier"), []),
    "a regression's metric": (SPENDING, judged_by("rmse"), []),
    "a regression's metric of a classification": (LEAVING, judged_by("mae"), [OF_CLASSES]),
    "a classification's metric of a regression": (SPENDING, judged_by("roc_auc"), [OF_NUMBERS]),
}


@pytest.mark.parametrize(("score", "changes", "mistakes"), SCORES.values(), ids=SCORES)
def test_a_score_that_contradicts_itself_is_refused_with_the_reason(score, changes, mistakes):
    assert mistakes_of(lambda: Score(**(dict(score) | changes))) == mistakes


def named(**fields):
    return mistakes_of(lambda: Target(column="status", **fields))


TARGETS = {
    "named": ({"positive": ("bad",), "negative": ("good",)}, []),
    "both ways": ({"positive": ("bad",), "at_least": 1}, ["positive: 'at_least' says already which outcomes count"]),
    "negatives alone": ({"negative": ("good",)}, ["negative: without 'positive' it says nothing"]),
    "both at once": ({"positive": ("a", "b"), "negative": ("b",)}, ["negative: 'b' is positive, too"]),
}


@pytest.mark.parametrize(("fields", "mistakes"), TARGETS.values(), ids=TARGETS)
def test_a_target_that_contradicts_itself_is_refused_with_the_reason(fields, mistakes):
    assert named(**fields) == mistakes


def test_what_counts_goes_into_digests_as_it_always_did():
    assert Target(column="x", at_least=2).meaning == 2
    assert Target(column="x").meaning is None
    assert Target(column="x", positive=("bad",)).meaning == {"positive": ("bad",), "negative": ()}


@pytest.mark.parametrize("kind", ["multiclass", "multi-class", "multinomial"])
def test_several_classes_are_refused_with_what_to_do(kind):
    with pytest.raises(ValidationError, match=r"several classes are out of scope: define a classification for each"):
        Score(**(dict(LEAVING) | {"kind": kind}))


def test_how_features_are_shown_is_no_part_of_the_digest_but_what_becomes_of_unseen_values_is():
    assert LEAVING.model_copy(update={"features_as": "typed"}).digest == LEAVING.digest
    assert LEAVING.model_copy(update={"unseen": "null"}).digest != LEAVING.digest


def missing_package():
    raise ModuleNotFoundError(name="xgboost")


def test_a_package_that_an_estimator_misses_is_named_and_where_to_install_it():
    score = LEAVING.model_copy(update={"estimator": missing_package})
    with pytest.raises(DefinitionError) as refused:
        score.new_estimator()
    problem = "Score 'leaving': estimator: the package 'xgboost' is not installed. Remedy: "
    assert str(refused.value) == (
        f"{problem}Install it into the Python environment of this command (LightGBM, XGBoost, CatBoost: "
        "`pip install -r requirements-models.txt`)."
    )
    refused.value.read_in_airflow = True
    assert str(refused.value) == (
        problem + "Install it into the Python environment of all Airflow workers, then clear this task."
    )


def test_an_estimator_that_cannot_be_made_is_the_definitions_mistake():
    with pytest.raises(DefinitionError) as refused:
        LEAVING.model_copy(update={"estimator": lambda: 1 / 0}).new_estimator()
    assert str(refused.value) == (
        "Score 'leaving': estimator: it cannot be made: ZeroDivisionError: division by zero "
        "Remedy: Correct the function that the definition names as its estimator."
    )
    assert LEAVING.model_copy(update={"estimator": list}).new_estimator() == []


def test_a_search_space_without_values_is_refused():
    assert mistakes_of(lambda: Learning(search={"a": (1,), "b": ()})) == ["search.b: holds no value to try"]


@pytest.mark.parametrize(("schedule", "sound"), [("0 6 1 * *", True), (None, True), ("at night", False)])
def test_a_model_is_trained_by_a_cron_expression(schedule, sound):
    mistakes = mistakes_of(lambda: Learning(schedule=schedule))
    assert bool(mistakes) != sound
    assert sound or "'at night' is not a cron expression" in mistakes[0]
