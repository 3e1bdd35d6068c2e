"""The ids of the DAGs, in one place for the DAG files, the local platform and messages; imports no Airflow."""

from collections.abc import Iterable

NOTIFY = "notify_crm"
SWEEP = "sweep_crm"
RECONCILE = "reconcile"


def ingest_dag(data_set: str) -> str:
    """The id of the DAG that takes in the data set of that name."""
    return f"ingest_{data_set}"


def score_dag(score: str) -> str:
    """The id of the DAG that publishes the score of that name."""
    return f"score_{score}"


def all_dags(data_sets: Iterable[str], scores: Iterable[str]) -> set[str]:
    """The ids of all DAGs of an installation with these data sets and scores."""
    return {*map(ingest_dag, data_sets), *map(score_dag, scores), NOTIFY, SWEEP, RECONCILE}
