"""One score as it is served now: its definition, the models in charge and all that turns records into results."""

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from scoring.catalog import load_catalog
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.publishing.arms import ChallengerFailed, Unable, arms_now
from scoring.publishing.plan import digest_of_definition
from scoring.publishing.predict import Scorers, load_scorer
from scoring.publishing.publications import Arm
from scoring.serving.records import Reader
from scoring.settings import Settings


@dataclass(frozen=True)
class Served:
    """A score with its loaded models; never changed, a promotion makes another one.

    ``alone`` is the champion by itself: it scores everybody if the challenger of a split fails, as the next publication
    would.
    """

    score: Score
    data_set: DataSet
    reader: Reader
    arms: tuple[Arm, ...]
    scorers: Scorers
    alone: Scorers
    definition_digest: str

    def results(self, customers: pa.Table) -> list[dict[str, Any]]:
        """The results of customers, each as JSON-like content: what a publication of now would say.

        Raises
        ------
        PermanentError
            If the champion cannot score one of them.
        """
        try:
            rows = self.scorers.rows(customers)
        except ChallengerFailed:
            rows = self.alone.rows(customers)
        by_name = {arm.arm: self._made_by(arm) for arm in self.arms}
        columns = (rows.column(name).to_pylist() for name in ("customer_id", "value", "points", "band", "arm"))
        return [
            {"customer_id": customer, "value": value, "points": points, "band": band} | by_name[arm]
            for customer, value, points, band, arm in zip(*columns, strict=True)
        ]

    def _made_by(self, arm: Arm) -> dict[str, Any]:
        """What a result says of its model. `reasons` (why the score is what it is) will stand beside it."""
        return {
            "model": {"name": arm.model_name, "version": arm.model_version, "digest": arm.model_digest},
            "arm": arm.arm,
            "experiment": arm.experiment_id,
            "definition_digest": self.definition_digest,
        }


def load(settings: Settings, name: str, reader: Reader, unable: Unable) -> Served:
    """Load what the ledger and a running experiment say of a score; ``unable`` is told of a challenger that cannot.

    Raises
    ------
    NotFound
        If there is no champion.
    PermanentError, TransientError
        If it cannot be loaded.
    """
    catalog = load_catalog(settings.definitions)
    score = catalog.score(name)
    data_set = catalog.data_set(score.data_set)
    arms = arms_now(settings, score, data_set, unable)
    scorers = [load_scorer(settings, score, data_set, arms[0])]
    try:
        scorers += [load_scorer(settings, score, data_set, arm) for arm in arms[1:]]
    except PermanentError as error:
        unable(arms[1].experiment_id, error)
        arms = [replace(arms[0], experiment_id=None, share=None, salt=None)]
    both = Scorers(score, data_set, arms, scorers)
    alone = both if len(arms) == 1 else Scorers(score, data_set, arms[:1], scorers[:1])
    digest = digest_of_definition(score, data_set)
    return Served(score, data_set, reader, tuple(arms), both, alone, digest)
