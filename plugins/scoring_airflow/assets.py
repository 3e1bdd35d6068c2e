"""The assets by which one DAG wakes the next: one per data set and one per score, partitioned by as_of."""

from airflow.sdk import Asset

from scoring.domain.dataset import DataSet
from scoring.domain.score import Score


def snapshot_asset(data_set: DataSet) -> Asset:
    """The snapshots of a data set."""
    return Asset(name=data_set.name, uri=f"scoring://snapshot/{data_set.name}", group="snapshots")


def publication_asset(score: Score) -> Asset:
    """The publications of a score."""
    return Asset(name=score.name, uri=f"scoring://publication/{score.name}", group="publications")
