"""The models that score updates: loaded at the start, and again when the ledger says so."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from scoring.catalog import load_catalog
from scoring.database import Connection
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError, TransientError
from scoring.publishing import live
from scoring.publishing.change import Standing
from scoring.publishing.live import Live, State
from scoring.publishing.publications import Arm
from scoring.settings import Settings

log = logging.getLogger(__name__)

AGAIN = 30.0  # seconds after which a model is asked for again that could not be reached


class NoModel(NotFound):
    """No streamed score of a data set has a model: a worker would be of no use."""


@dataclass(frozen=True)
class Made:
    """A score of one row and the arm that made it."""

    standing: Standing
    arm: Arm


@dataclass(frozen=True)
class Scoring:
    """What the models said of rows: ``made`` by score, one for each row, None of those in ``unable``.

    ``unable`` says by row which score cannot be computed, and why.
    """

    made: Mapping[str, Sequence[Made | None]]
    unable: Mapping[int, tuple[str, str]]
    digests: Mapping[str, str]


class Models:
    """The loaded models of the streamed scores of a data set.

    A score without one is left out until the ledger says something new of it. ``late`` are the scores that have got
    their first model here: updates may have been recorded without them (:mod:`scoring.streaming.catching_up`).
    """

    def __init__(self, settings: Settings, data_set: DataSet) -> None:
        self._settings, self._data_set = settings, data_set
        self.scores: dict[str, Score] = {
            score.name: score for score in load_catalog(settings.definitions).scores_of(data_set.name) if score.streamed
        }
        self.late: set[str] = set()
        self._loaded: dict[str, Live] = {}
        self._seen: dict[str, State] = {}
        self._why: dict[str, PermanentError] = {}  # of scores without a model
        self._again: dict[str, float] = {}  # when to ask again (monotonic)

    @property
    def names(self) -> list[str]:
        """The streamed scores by name, which is the order of their locks; also those without a model."""
        return sorted(self.scores)

    def look(self, connection: Connection) -> None:
        """Load what the ledger says anew. What cannot be loaded leaves the old model in place.

        Raises
        ------
        NoModel
            If no score has one.
        TransientError
            If one cannot be loaded now, and there is no old one.
        """
        states = live.states(connection, self.scores)
        connection.rollback()
        for name, state in states.items():
            if state != self._seen.get(name) and time.monotonic() >= self._again.get(name, 0.0):
                self._load(name, state)
        if not self._loaded:
            one = self.names[0]
            raise NoModel(
                f"No streamed score of {self._data_set.name} has a model. "
                + " ".join(f"{name}: {error.args[0]}" for name, error in sorted(self._why.items())),
                remedy=f"Train one: `scoring train {one} --as-of <date>`; the first version is put in charge.",
            )

    def _load(self, name: str, state: State) -> None:
        try:
            found = live.load(self._settings, name, self._unable, explained=False)
        except TransientError as error:
            if name not in self._loaded:
                raise
            log.warning("score %s: the model that is in charge cannot be loaded now: %s", name, error.args[0])
            self._again[name] = time.monotonic() + AGAIN
            return
        except PermanentError as error:
            if name in self._loaded:
                log.warning("score %s: the model that is in charge cannot be loaded: %s", name, error.args[0])
            else:
                log.warning("score %s: updates are recorded without it until it has a model: %s", name, error)
                self._why[name] = error
        else:
            versions = " and ".join(f"version {arm.model_version}" for arm in found.arms)
            log.info("score %s: updates are scored by %s", name, versions)
            if name not in self._loaded:
                self.late.add(name)
            self._loaded[name] = found
        self._seen[name] = state

    def scored(self, rows: pa.RecordBatch, only: Collection[str] | None = None) -> Scoring:
        """The scores of rows by all models, or ``only`` by those of some scores."""
        made: dict[str, Sequence[Made | None]] = {}
        unable: dict[int, tuple[str, str]] = {}
        digests = {}
        for name, one in sorted(self._loaded.items()):
            if only is not None and name not in only:
                continue
            digests[name] = one.definition_digest
            try:
                made[name] = _made(one, rows)
            except PermanentError:
                made[name] = self._each(one, rows, unable)
        return Scoring(made, unable, digests)

    def _each(self, one: Live, rows: pa.RecordBatch, unable: dict[int, tuple[str, str]]) -> list[Made | None]:
        """Row by row: those that the model cannot score are named, the others are scored."""
        found: list[Made | None] = []
        for row in range(rows.num_rows):
            try:
                found += _made(one, rows.slice(row, 1))
            except PermanentError as error:
                unable.setdefault(row, (one.score.name, str(error.args[0])))
                found.append(None)
        return found

    def _unable(self, experiment_id: int | None, error: PermanentError) -> None:
        log.warning("the challenger of experiment %s scores no updates: %s", experiment_id, error.args[0])


def _made(one: Live, rows: pa.RecordBatch) -> list[Made]:
    if not rows.num_rows:
        return []
    scored, bands = one.scored(rows), [band.name for band in one.score.bands]
    points = [None] * rows.num_rows if scored.points is None else scored.points.tolist()
    band = [None] * rows.num_rows if scored.band is None else [bands[place] for place in scored.band.tolist()]
    return [
        Made(Standing(value, these, those), one.arms[arm])
        for value, these, those, arm in zip(scored.value.tolist(), points, band, scored.arm.tolist(), strict=True)
    ]
