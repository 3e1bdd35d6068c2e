"""The models of a score that are in charge now, loaded and ready: for whatever scores single customers at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from scoring.catalog import load_catalog
from scoring.database import Connection
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.models import experiments, ledger
from scoring.publishing.arms import ChallengerFailed, Unable, arms_now
from scoring.publishing.plan import digest_of_definition
from scoring.publishing.predict import load_scorer
from scoring.publishing.publications import Arm
from scoring.publishing.reasons import StoredReasons
from scoring.publishing.scorers import Scored, Scorers
from scoring.settings import Settings
from scoring.transforms.run import with_produced

State = tuple[object, ...]  # what the ledger and the experiments say of a score
LOOKS_BACK = "looks back at earlier snapshots: only whole snapshots are scored, no single records"


@dataclass(frozen=True)
class Live:
    """A score with its loaded models; never changed, a promotion makes another one.

    ``alone`` is the champion by itself: it scores everybody if the challenger of a split fails, as the next publication
    would. ``explained`` are the same two with reasons; None if the definition has none.
    """

    score: Score
    data_set: DataSet
    arms: tuple[Arm, ...]
    scorers: Scorers
    alone: Scorers
    explained: tuple[Scorers, Scorers] | None
    definition_digest: str

    def scored_one(self, row: Mapping[str, Any]) -> Scored | None:
        """As :meth:`scored`, of a single row of Python's values; None if that has to say."""
        return None if self.score.is_derived else self.scorers.scored_one(row)

    def scored(self, customers: pa.RecordBatch, *, reasons: bool = False) -> Scored:
        """What a publication of now would say of customers; with ``reasons`` also why, if the definition has them.

        Raises
        ------
        PermanentError
            If the champion cannot score one of them.
        """
        both, alone = self.explained if reasons and self.explained else (self.scorers, self.alone)
        customers = with_produced(self.score, self.data_set, customers)
        try:
            return both.scored(customers)
        except ChallengerFailed:
            return alone.scored(customers)


def states(connection: Connection, scores: Mapping[str, Score]) -> dict[str, State]:
    """What the ledger and the experiments say of each score: where it is another than before, :func:`load` again."""
    newest, running = ledger.newest_of_each(connection), experiments.all_running(connection)
    splits = {one.score: (one.experiment_id, one.share) for one in running if one.mode == "split"}
    return {name: (newest.get(score.model_name), splits.get(name)) for name, score in scores.items()}


def load(settings: Settings, name: str, unable: Unable, *, explained: bool = True) -> Live:
    """Load what the ledger and a running experiment say of a score; ``unable`` is told of a challenger that cannot.

    With ``explained`` all is made ready for reasons, too.

    Raises
    ------
    NotFound
        If there is no champion.
    PermanentError, TransientError
        If it cannot be loaded, or looks back at earlier snapshots: a record comes without them.
    """
    catalog = load_catalog(settings.definitions)
    score = catalog.score(name)
    if score.history:
        raise PermanentError(
            f"{name} {LOOKS_BACK}.",
            remedy="Read its published scores, or define a score without `history`.",
        )
    data_set = catalog.data_set(score.data_set)
    arms = arms_now(settings, score, data_set, unable)
    scorers = [load_scorer(settings, score, data_set, arms[0])]
    try:
        scorers += [load_scorer(settings, score, data_set, arm) for arm in arms[1:]]
    except PermanentError as error:
        unable(arms[1].experiment_id, error)
        arms = [replace(arms[0], experiment_id=None, share=None, salt=None)]

    def ways(reasons: StoredReasons | None) -> tuple[Scorers, Scorers]:
        both = Scorers(score, data_set, arms, scorers, reasons)
        return both, both if len(arms) == 1 else Scorers(score, data_set, arms[:1], scorers[:1], reasons)

    for one in scorers:
        one.hurry()
    with_reasons = None
    if explained and score.reasons:
        with_reasons = ways(StoredReasons(score.reasons.count, score.features))
        for one in scorers:
            one.explainer.is_quick  # noqa: B018 - made now, so that no request waits for it
    return Live(score, data_set, tuple(arms), *ways(None), with_reasons, digest_of_definition(score, data_set))
