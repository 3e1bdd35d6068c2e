"""Our way: the publication against its model's training snapshot and against the one before, as a task of the DAG."""

import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - MLflow would import it on first use; imports do not count
import scipy.stats  # noqa: F401
import sklearn.ensemble  # noqa: F401
from drift_definitions import BEFORE, NOW, SPEND
from measure import Measured, answer

from scoring.database import execute, transaction
from scoring.monitoring.watch import drift_of, measure_drift
from scoring.settings import load_settings


def ours(first_time: bool) -> Measured:
    """Measure the drift of the newest publication.

    ``first_time``: nothing was counted before, so the training snapshot is cut into bins, predicted and counted, too.
    Otherwise that and the publication before are there, as they are in every run but a model's first.
    """
    measured, settings = Measured(), load_settings()
    with transaction(settings.database()) as connection:
        execute(connection, "DELETE FROM scoring.drift_run")
        execute(connection, "DELETE FROM scoring.profile")
    if not first_time:
        measure_drift(settings, SPEND, BEFORE)
    with measured.phase("measure_drift"):
        measure_drift(settings, SPEND, NOW)
    found = drift_of(settings, SPEND, NOW)
    measured.changed = found.columns
    measured.rows = found.runs["training"].rows_current
    return measured


if __name__ == "__main__":
    answer(ours)
