"""One score as it is served now: its definition, the models in charge and all that turns records into results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from scoring.catalog import load_catalog
from scoring.domain.dataset import DataSet
from scoring.domain.reasons import told
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.publishing.arms import ChallengerFailed, Unable, arms_now
from scoring.publishing.plan import digest_of_definition
from scoring.publishing.predict import Scorers, load_scorer
from scoring.publishing.publications import Arm
from scoring.publishing.reasons import StoredReasons
from scoring.serving.records import Reader
from scoring.settings import Settings


@dataclass(frozen=True)
class Served:
    """A score with its loaded models; never changed, a promotion makes another one.

    ``alone`` is the champion by itself: it scores everybody if the challenger of a split fails, as the next publication
    would. ``explained`` are the same two with reasons; None if the definition has none.
    """

    score: Score
    data_set: DataSet
    reader: Reader
    arms: tuple[Arm, ...]
    scorers: Scorers
    alone: Scorers
    explained: tuple[Scorers, Scorers] | None
    definition_digest: str

    def results(self, customers: pa.Table, *, reasons: bool = False) -> list[dict[str, Any]]:
        """The results of customers, each as JSON-like content: what a publication of now would say.

        With ``reasons`` also why; the definition has them then.

        Raises
        ------
        PermanentError
            If the champion cannot score one of them.
        """
        both, alone = self.explained if reasons and self.explained else (self.scorers, self.alone)
        try:
            rows = both.rows(customers)
        except ChallengerFailed:
            rows = alone.rows(customers)
        by_name = {arm.arm: self._made_by(arm) for arm in self.arms}
        columns = (rows.column(name).to_pylist() for name in ("customer_id", "value", "points", "band", "arm"))
        found = [
            {"customer_id": customer, "value": value, "points": points, "band": band} | by_name[arm]
            for customer, value, points, band, arm in zip(*columns, strict=True)
        ]
        if reasons:
            pairs = zip(rows.column("reasons").to_pylist(), rows.column("contributions").to_pylist(), strict=True)
            for result, (places, contributions) in zip(found, pairs, strict=True):
                named = [self.score.features[place - 1] for place in places]
                result["reasons"] = reasons_of(self.score, list(zip(named, contributions, strict=True)))
        return found

    def _made_by(self, arm: Arm) -> dict[str, Any]:
        """What a result says of its model."""
        return {
            "model": {"name": arm.model_name, "version": arm.model_version, "digest": arm.model_digest},
            "arm": arm.arm,
            "experiment": arm.experiment_id,
            "definition_digest": self.definition_digest,
        }


def reasons_of(score: Score, contributions: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    """Reasons as JSON-like content, of features with their contributions; the definition has them."""
    assert score.reasons is not None  # noqa: S101 - asked for by the caller
    return [
        {"feature": one.feature, "contribution": one.contribution, "direction": one.direction, "text": one.text}
        for one in told(score.reasons, contributions)
    ]


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

    def ways(reasons: StoredReasons | None) -> tuple[Scorers, Scorers]:
        both = Scorers(score, data_set, arms, scorers, reasons)
        return both, both if len(arms) == 1 else Scorers(score, data_set, arms[:1], scorers[:1], reasons)

    explained = None
    if score.reasons:
        explained = ways(StoredReasons(score.reasons.count, score.features))
        for one in scorers:
            one.explainer.base  # noqa: B018 - made now, so that no request waits for it
    digest = digest_of_definition(score, data_set)
    return Served(score, data_set, reader, tuple(arms), *ways(None), explained, digest)
