"""Trains a first champion for each score that has none; a process: ``python -m scoring.local.champions``."""

import sys

from scoring.catalog import load_catalog
from scoring.database import column, transaction, value
from scoring.domain.score import Score
from scoring.errors import ScoringError
from scoring.local.partitions import Work, work_of
from scoring.settings import Settings, load_settings

CHAMPION = "Champion"  # the local platform shows the output lines that begin with this


# MLflow's own table: asking MLflow itself means importing it, which takes seconds.
ALIASES = "registered_model_aliases"


def without_champion(settings: Settings, mlflow_database: str) -> list[str]:
    """The scores that ``run`` works on and that have no champion; all of them if MLflow has not been used yet.

    Parameters
    ----------
    mlflow_database
        libpq URI of the database in which the local platform's MLflow keeps its models.
    """
    scores = [score for work in work_of(load_catalog(settings.definitions)) for score in work.scores]
    with transaction(mlflow_database) as connection:
        used = value(connection, "SELECT to_regclass(%s)", (ALIASES,))
        found = column(connection, f"SELECT name FROM {ALIASES} WHERE alias = 'champion'") if used else []  # noqa: S608
    return [score.name for score in scores if score.model_name not in found]


def train_first_champions(settings: Settings) -> list[str]:
    """Train each score without a champion on its first partition; returns one sentence for each."""
    from scoring.models.charge import find_in_charge
    from scoring.models.registry import Registry

    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    done = []
    for work in work_of(load_catalog(settings.definitions)):
        missing = [
            score for score in work.scores if find_in_charge(settings.database(), registry, score.model_name) is None
        ]
        if missing:
            done += _train(settings, work, missing)
    return done


def _train(settings: Settings, work: Work, missing: list[Score]) -> list[str]:
    from scoring.intake.ingest import ingest  # takes seconds to import, and usually there is nothing to train
    from scoring.learning.train import train

    shown = {score.target.horizon.after(work.trained_as_of) for score in missing}
    for as_of in sorted(shown | {work.trained_as_of}):
        ingest(settings, work.data_set, as_of)
    trained = {score.name: train(settings, score, work.trained_as_of) for score in missing}
    return [
        f"{CHAMPION} of {name}: version {model.version}, trained on {work.trained_as_of}."
        for name, model in trained.items()
    ]


def main() -> int:
    """Train with the environment's settings; returns the exit status."""
    try:
        for sentence in train_first_champions(load_settings()):
            print(sentence, flush=True)  # noqa: T201 - the log of this process
    except ScoringError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
