"""What the DAGs are called: said here once, for the DAG files, the local platform and messages; knows no Airflow."""

from collections.abc import Iterable

NOTIFY = "notify_crm"
SWEEP = "sweep_crm"
RECONCILE = "reconcile"
TELL = "tell_people"
CONFIRM = "confirm_publication"


def ingest_dag(data_set: str) -> str:
    """The DAG that takes in a data set, by its name."""
    return f"ingest_{data_set}"


def score_dag(score: str) -> str:
    """The DAG that publishes a score, by its name."""
    return f"score_{score}"


def all_dags(data_sets: Iterable[str], scores: Iterable[str]) -> set[str]:
    """Every DAG of an installation with these definitions."""
    return {*map(ingest_dag, data_sets), *map(score_dag, scores), NOTIFY, SWEEP, RECONCILE, TELL, CONFIRM}
