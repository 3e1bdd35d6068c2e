"""How the model of a score learns anew, and when a new version may be put in charge."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, field_validator

from scoring.domain.calendar import checked_cron
from scoring.domain.definition import Definition

Calibration = Literal["sigmoid", "isotonic"]


class PromotionPolicy(Definition):
    """When a challenger is put in charge in place of the champion.

    Both are compared by the score's headline metric on the newest mature cohorts; neither has learned from these.

    Parameters
    ----------
    by
        ``rule``: a challenger that passes is put in charge. ``person``: a person is asked first. ``experiment``: it is
        tried on a part of the customers first, and the experiment decides.
    least_gain
        The challenger must be better by at least this share of the champion's error, beyond doubt: even the worse end
        of the 95 % interval must be. Two versions made alike are never quite alike, and of many customers a hair shows.
        (The error of a metric that is best at 1 is what it lacks to 1; of the others it is the metric.) Of a challenger
        that an experiment tries it is asked only not to be worse by more than ``margin``.
    answer_within
        How long a person has time; then the champion stays.
    margin
        In no guarded segment may the headline metric be worse by more than this share of the champion's, beyond doubt:
        even the worse end of the 95 % interval must be within it.
    segments
        Columns whose values are guarded segments; each must be one of the monitored segments.
    least_customers
        A segment with fewer known outcomes is not judged.
    calibration_loss
        By how much the calibration error (mean distance of expected and observed rate over tenths of the customers) may
        be larger; of a classification.
    most_shift
        Largest Jensen-Shannon distance (0 to 1) between the values of both.
    most_band_changes
        Largest share of customers whose band would be another.
    slower
        How many times more CPU time the challenger may take for the same customers.
    most_bytes
        Largest model file.
    """

    by: Literal["rule", "person", "experiment"] = "rule"
    least_gain: float = Field(default=0.005, ge=0, lt=1)
    answer_within: dt.timedelta = Field(default=dt.timedelta(days=3), gt=dt.timedelta())
    margin: float = Field(default=0.05, ge=0, lt=1)
    segments: tuple[str, ...] = ()
    least_customers: int = Field(default=200, gt=1)
    calibration_loss: float = Field(default=0.01, ge=0, lt=1)
    most_shift: float = Field(default=0.4, gt=0, le=1)
    most_band_changes: float = Field(default=0.5, gt=0, le=1)
    slower: float = Field(default=5.0, gt=0)
    most_bytes: int = Field(default=200_000_000, gt=0)


class Learning(Definition):
    """How the model of a score learns anew.

    Parameters
    ----------
    schedule
        Cron expression (UTC) of the retraining; the day of the tick is its as_of. None: not by the clock.
    on_request
        Whether it is also trained when the monitor finds that the model needs an update.
    cohorts
        How many of the newest mature cohorts it learns from; those on which versions are compared are not among them.
    held_out
        How many of the newest mature cohorts versions are compared on.
    most_rows
        Of more customers a seeded sample is learned from.
    calibrate
        How probabilities are calibrated, on folds of the training set: ``sigmoid`` (Platt) or ``isotonic``; None: they
        are the estimator's own.
    search
        Values to try by parameter of the estimator, e.g. ``{"max_leaf_nodes": (15, 31)}``; at most ``tries`` of all
        combinations, drawn with a seed.
    tries
        See ``search``.
    promotion
        When a new version may be put in charge.
    """

    schedule: str | None = None
    on_request: bool = False
    cohorts: int = Field(default=6, gt=0)
    held_out: int = Field(default=1, gt=0)
    most_rows: int = Field(default=1_000_000, gt=0)
    calibrate: Calibration | None = None
    search: dict[str, tuple[Any, ...]] = Field(default_factory=dict)
    tries: int = Field(default=20, gt=0)
    promotion: PromotionPolicy = PromotionPolicy()

    @field_validator("schedule")
    @classmethod
    def _cron(cls, value: str | None) -> str | None:
        return value if value is None else checked_cron(value)

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        for name, values in self.search.items():
            if not values:
                yield f"search.{name}: holds no value to try"
