"""The ids of the DAGs, in one place for the DAG files, the local platform and messages; imports no Airflow."""

from collections.abc import Iterable, Mapping

from scoring.domain.score import Score

NOTIFY = "notify_crm"
SWEEP = "sweep_crm"
RECONCILE = "reconcile"
MAINTAIN = "maintain"
TELL = "tell_people"
CONFIRM = "confirm_publication"
ROLL_BACK = "roll_back_model"
CHANGE_EXPERIMENT = "change_experiment"


def ingest_dag(data_set: str) -> str:
    """The id of the DAG that takes in the data set of that name."""
    return f"ingest_{data_set}"


def stream_dag(data_set: str) -> str:
    """The id of the DAG that drains the stream of the data set of that name."""
    return f"ingest_stream_{data_set}"


def score_dag(score: str) -> str:
    """The id of the DAG that publishes the score of that name."""
    return f"score_{score}"


def collect_dag(data_set: str) -> str:
    """The DAG that collects the outcomes of a data set's scores, by the name of the data set."""
    return f"collect_outcomes_{data_set}"


def correct_dag(data_set: str) -> str:
    """The DAG by which a person corrects outcomes of a data set's scores, by the name of the data set."""
    return f"correct_outcomes_{data_set}"


def monitor_dag(score: str) -> str:
    """The id of the DAG that says whether the score of that name still holds."""
    return f"monitor_{score}"


def retrain_dag(score: str) -> str:
    """The id of the DAG that trains a new version of the model of the score of that name."""
    return f"retrain_{score}"


def retrain_schedule_dag(score: str) -> str:
    """The id of the DAG that wakes the retraining of the score of that name by the clock."""
    return f"retrain_{score}_by_schedule"


def evaluate_dag(score: str) -> str:
    """The id of the DAG that looks at the running experiment of the score of that name."""
    return f"evaluate_experiment_{score}"


def retrain_asset_name(score: str) -> str:
    """The asset that wakes the retraining of a score, by the name of the score."""
    return f"retrain_{score}"


def outcomes_asset_name(score: str) -> str:
    """The asset that wakes who looks at a score's outcomes, by the name of the score."""
    return f"outcomes_{score}"


def all_dags(data_sets: Iterable[str], scores: Mapping[str, Score], streams: Iterable[str] = ()) -> set[str]:
    """Every DAG of an installation with these definitions (by name); ``streams`` are the data sets that have one."""
    scored = {score.data_set for score in scores.values()}
    outcomes = {*map(collect_dag, scored), *map(correct_dag, scored)}
    of_scores = {*map(score_dag, scores), *map(monitor_dag, scores), *map(retrain_dag, scores)}
    of_scores |= {retrain_schedule_dag(name) for name, score in scores.items() if score.learning.schedule}
    of_scores |= {*map(evaluate_dag, scores)}
    by_hand = {CONFIRM, ROLL_BACK, CHANGE_EXPERIMENT}
    of_sources = {*map(ingest_dag, data_sets), *map(stream_dag, streams)}
    return {*of_sources, *of_scores, *outcomes, *by_hand, NOTIFY, SWEEP, RECONCILE, MAINTAIN, TELL}
