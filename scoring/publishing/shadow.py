"""Scores a publication's customers with the challenger of a shadow experiment: nobody but its evaluation reads that.

It runs when the experiment is looked at, apart from publishing: a challenger that fails or is slow holds nothing up.
"""

import datetime as dt
import io

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from psycopg2 import sql

from scoring.catalog import load_catalog
from scoring.database import Connection, column, execute, one_or_none, transaction
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.features.file import opened_of
from scoring.models import experiments
from scoring.models.experiments import Experiment
from scoring.models.registry import Registry
from scoring.models.scorer import Scorer
from scoring.publishing import publications
from scoring.publishing.arms import end_unable
from scoring.publishing.copy_format import encode
from scoring.publishing.predict import load_scorer
from scoring.publishing.publications import CHALLENGER, Arm, Publication, shadow_table
from scoring.settings import Settings

Floats = NDArray[np.float64]

_LOCK = "SELECT publication_id FROM scoring.publication WHERE publication_id = %s AND state = 'published' FOR UPDATE"

_MISSING = """
    SELECT as_of FROM scoring.publication p
    WHERE state = 'published' AND score = %s AND published_at >= %s
        AND NOT EXISTS (SELECT FROM scoring.shadow s
                        WHERE s.publication_id = p.publication_id AND s.experiment_id = %s)
    ORDER BY as_of"""

_DONE = "SELECT rows FROM scoring.shadow WHERE publication_id = %s AND experiment_id = %s"

_MARK = "INSERT INTO scoring.shadow (publication_id, experiment_id, rows) VALUES (%s, %s, %s)"

_MAKE = sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF scoring.shadow_score FOR VALUES IN ({})")


def shadow(settings: Settings, score: Score) -> int:
    """Score all that was published since its shadow began with the challenger; returns the number of rows.

    0 if no shadow is running. What is done already is not done again, each publication is a transaction of its own; a
    challenger that cannot score these customers ends its experiment.
    """
    with transaction(settings.database()) as connection:
        running = experiments.running(connection, score.name)
        if running is None or running.mode != "shadow":
            return 0
        missing = column(connection, _MISSING, (score.name, running.started_at, running.experiment_id))
    if not missing:
        return 0
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    try:
        scorer = _scorer(settings, score, data_set, running)
        return sum(_shadow(settings, running, as_of, scorer, (score, data_set)) for as_of in missing)
    except PermanentError as error:
        end_unable(settings, score, running.experiment_id, error)
        return 0


def _scorer(settings: Settings, score: Score, data_set: DataSet, running: Experiment) -> Scorer:
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    ref = registry.version(running.model_name, running.challenger)
    arm = Arm(CHALLENGER, ref.name, ref.version, running.challenger_digest, trained_with=ref.trained_with)
    return load_scorer(settings, score, data_set, arm)


def _shadow(
    settings: Settings, running: Experiment, as_of: dt.date, scorer: Scorer, defined: tuple[Score, DataSet]
) -> int:
    score, data_set = defined
    with transaction(settings.database()) as connection:
        publication = publications.published(connection, running.score, as_of)
        if publication is None or not _is_whole_champions(connection, publication, running):
            return 0
        its = (publication.publication_id, running.experiment_id)
        if one_or_none(connection, dict, _DONE, its) is not None:
            return 0
        execute(connection, _MAKE.format(shadow_table(its[0]), sql.Literal(its[0])))
        rows = 0
        with opened_of(connection, score, data_set, its[0], publication.snapshot_id) as file:
            for customers in file.groups(scorer.columns):
                rows += _write(connection, its, customers.column(data_set.key), scorer.values(customers))
        execute(connection, _MARK, (*its, rows))
    return rows


def _is_whole_champions(connection: Connection, publication: Publication, running: Experiment) -> bool:
    """Lock the publication; whether it is still there, and the champion has scored all of it."""
    there = one_or_none(connection, dict, _LOCK, (publication.publication_id,))
    versions = [arm.model_version for arm in publications.arms(connection, publication.publication_id)]
    return there is not None and versions == [running.champion]


def _write(connection: Connection, its: tuple[int, int], customers: pa.ChunkedArray, values: Floats) -> int:
    publication_id, experiment_id = its
    rows = pa.table(
        {
            "publication_id": np.full(len(values), publication_id),
            "experiment_id": np.full(len(values), experiment_id),
            "customer_id": customers,
            "value": values,
        }
    )
    names = sql.SQL(", ").join(sql.Identifier(name) for name in rows.column_names)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(shadow_table(publication_id), names)
    with connection.cursor() as cursor:
        cursor.copy_expert(statement, io.BytesIO(encode(rows)), size=1 << 20)
    return len(values)
