"""The passport of a streamed score: the update and the model that it was made from, enough to compute it again."""

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from scoring.catalog import load_catalog
from scoring.database import connect
from scoring.domain.reasons import Reason
from scoring.domain.score import Score
from scoring.domain.streams import day_of
from scoring.errors import IntegrityError, PermanentError
from scoring.intake.expectations import load_suite
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.messages.reader import Reader
from scoring.intake.messages.text import parsed
from scoring.models.scorer import Scorer
from scoring.models.versions import with_library
from scoring.publishing.passport import Explanation, explained, reproduces
from scoring.publishing.plan import digest_of_definition
from scoring.publishing.predict import load_scorer
from scoring.publishing.streamed import InForce, in_force
from scoring.settings import Settings
from scoring.streaming import updates
from scoring.transforms.run import with_produced


@dataclass(frozen=True)
class _Ready:
    """What a streamed score is computed again from."""

    score: Score
    scorer: Scorer
    rows: pa.RecordBatch


def find(settings: Settings, score: str, customer: str) -> InForce | None:
    """The streamed score of a customer; None if there is none, or a published date knows more."""
    load_catalog(settings.definitions).score(score)
    with connect(settings.database()) as connection:
        return in_force(connection, score, customer)


def lines(found: InForce) -> list[tuple[str, object]]:
    """The passport as names and values, for people."""
    return [
        ("score", found.score),
        ("customer", found.customer_id),
        ("as_of", day_of(found.event_time)),
        ("event time", found.event_time.astimezone(dt.UTC).isoformat()),
        ("value", repr(found.value)),
        ("points", found.points),
        ("band", found.band),
        ("arm", found.arm),
        ("model", f"{found.model_name} version {found.model_version}"),
        ("model digest", found.model_digest),
        ("trained with", with_library(found.trained_with)),
        ("scored with", with_library(found.scored_with)),
        ("update", f"{found.topic} partition {found.partition_id} offset {found.message_offset}"),
        ("definition digest", found.definition_digest),
        ("code version", found.code_version),
        ("scored at", found.scored_at.astimezone(dt.UTC).isoformat()),
    ]


def recompute(settings: Settings, found: InForce) -> float:
    """Score the customer again from the update and the model of the passport; returns the value.

    Raises
    ------
    IntegrityError
        If the value differs from the recorded one by more than ``reproduces`` allows, or the update is not there.
    PermanentError
        If the definition has changed since.
    """
    ready = _ready(settings, found)
    again = float(ready.scorer.values(pa.Table.from_batches([ready.rows]))[0])
    if not reproduces(found.value, again):
        raise IntegrityError(
            f"{found.score} of {found.customer_id}: recorded {found.value!r}, but its passport gives {again!r}. The "
            "update, the model or the code is not what it was."
        )
    return again


def explain(settings: Settings, found: InForce) -> Explanation:
    """Explain a streamed score from its update and model; raises as :func:`recompute`, and if it has no reasons."""
    ready = _ready(settings, found)
    return explained(ready.score, ready.scorer, pa.Table.from_batches([ready.rows]))


def reasons(settings: Settings, found: InForce) -> list[Reason]:
    """Why the customer has this score, the strongest reason first; raises as :func:`explain`."""
    return explain(settings, found).reasons


def _ready(settings: Settings, found: InForce) -> _Ready:
    catalog = load_catalog(settings.definitions)
    score = catalog.score(found.score)
    data_set = catalog.data_set(score.data_set)
    if digest_of_definition(score, data_set) != found.definition_digest:
        raise PermanentError(
            f"The definition of {score.name} has changed since code version {found.code_version} made this score. Use "
            "that version."
        )
    with connect(settings.database()) as connection:
        content = updates.content_of(
            connection,
            data_set.name,
            found.customer_id,
            topic=found.topic,
            partition=found.partition_id,
            offset=found.message_offset,
        )
    if content is None:
        raise IntegrityError(f"The update that {found.score} of {found.customer_id} was made from is not there.")
    rows = Reader(data_set, RowChecks(load_suite(settings.expectations_dir, data_set))).read([parsed(content.encode())])
    if not rows.positions:
        raise IntegrityError(f"The update of {found.customer_id} breaks a rule that it did not break when it came.")
    customers = with_produced(score, data_set, rows.rows)
    return _Ready(score, load_scorer(settings, score, data_set, found.made_by), customers)
