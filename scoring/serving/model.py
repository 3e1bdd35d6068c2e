"""One score as it is served now: its models in charge, and what turns records into results."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from scoring.domain.reasons import told
from scoring.domain.score import Score
from scoring.intake.messages.reader import Reader
from scoring.publishing import live
from scoring.publishing.arms import Unable
from scoring.publishing.live import Live
from scoring.publishing.scorers import Scored
from scoring.settings import Settings
from scoring.snapshots.forgotten import Forgotten


@dataclass(frozen=True)
class Served(Live):
    """A score with its loaded models, and the reader of its records."""

    reader: Reader

    def quick_result(self, record: Any, gone: Forgotten) -> dict[str, Any] | None:
        """The result of a single record in a small part of a millisecond, without reasons; None if it is not so plain.

        :meth:`results` would give the same to the last bit.
        """
        row = self.reader.single(record)
        if row is None or str(row[self.data_set.key]) in gone or (scored := self.scored_one(row)) is None:
            return None
        return self._told(scored)[0]

    def results(self, customers: pa.RecordBatch, *, reasons: bool = False) -> list[dict[str, Any]]:
        """The results of customers, each as JSON-like content: what a publication of now would say.

        With ``reasons`` also why; the definition has them then.

        Raises
        ------
        PermanentError
            If the champion cannot score one of them.
        """
        scored = self.scored(customers, reasons=reasons)
        found = self._told(scored)
        if scored.reasons is not None:
            for result, contributions in zip(found, scored.reasons.of_each(), strict=True):
                result["reasons"] = reasons_of(self.score, contributions)
        return found

    def _told(self, scored: Scored) -> list[dict[str, Any]]:
        count, bands = len(scored.keys), [band.name for band in self.score.bands]
        columns = (
            scored.keys.to_pylist(),
            scored.value.tolist(),
            [None] * count if scored.points is None else scored.points.tolist(),
            [None] * count if scored.band is None else [bands[place] for place in scored.band.tolist()],
            scored.arm.tolist(),
        )
        return [
            {"customer_id": customer, "value": value, "points": points, "band": band} | self._made_by[arm]
            for customer, value, points, band, arm in zip(*columns, strict=True)
        ]

    @cached_property
    def _made_by(self) -> list[dict[str, Any]]:
        """What a result says of its model, by arm."""
        return [
            {
                "model": {"name": arm.model_name, "version": arm.model_version, "digest": arm.model_digest},
                "arm": arm.arm,
                "experiment": arm.experiment_id,
                "definition_digest": self.definition_digest,
            }
            for arm in self.arms
        ]


def reasons_of(score: Score, contributions: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    """Reasons as JSON-like content, of features with their contributions; the definition has them."""
    assert score.reasons is not None  # noqa: S101 - asked for by the caller
    return [
        {"feature": one.feature, "contribution": one.contribution, "direction": one.direction, "text": one.text}
        for one in told(score.reasons, contributions)
    ]


def load(settings: Settings, name: str, reader: Reader, unable: Unable) -> Served:
    """Load what is in charge of a score; errors as of :func:`scoring.publishing.live.load`."""
    return Served(**vars(live.load(settings, name, unable)), reader=reader)
