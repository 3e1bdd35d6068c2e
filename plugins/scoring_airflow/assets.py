"""The assets by which one DAG wakes the next: one per data set and three per score, partitioned by as_of."""

from airflow.sdk import Asset

from scoring.domain.dag_ids import outcomes_asset_name, retrain_asset_name
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score


def snapshot_asset(data_set: DataSet) -> Asset:
    """The snapshots of a data set."""
    return Asset(name=data_set.name, uri=f"scoring://snapshot/{data_set.name}", group="snapshots")


def publication_asset(score: Score) -> Asset:
    """The publications of a score."""
    return Asset(name=score.name, uri=f"scoring://publication/{score.name}", group="publications")


def outcomes_asset(score: Score) -> Asset:
    """The outcomes of a score; the partition is the cohort, not the snapshot that told what happened to it."""
    return Asset(name=outcomes_asset_name(score.name), uri=f"scoring://outcomes/{score.name}", group="outcomes")


def retrain_asset(score: Score) -> Asset:
    """That a score's model is to be trained; the partition is the date by which outcomes count."""
    return Asset(name=retrain_asset_name(score.name), uri=f"scoring://retrain/{score.name}", group="retraining")
