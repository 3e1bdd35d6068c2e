"""A score: a number about each customer of a data set, how it is shown, and which changes the CRM is told."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, Literal

from pydantic import Field, field_validator

from scoring.domain.dataset import checked_name
from scoring.domain.definition import Definition, digest_of
from scoring.domain.experiments import ExperimentPolicy
from scoring.domain.history import History
from scoring.domain.learning import Learning
from scoring.domain.monitoring import Monitoring, headlines
from scoring.domain.reasons import Reasons
from scoring.domain.target import Target
from scoring.domain.transform import Transform
from scoring.errors import DefinitionError

__all__ = ["Band", "ChangeRule", "Kind", "Score", "Shown", "Target", "Unseen"]  # what a score is written with

Kind = Literal["classification", "regression"]
Shown = Literal["codes", "typed"]
Unseen = Literal["refuse", "null"]
MOST_PER_MINUTE = 25_000  # events that are packed in one transaction


class Band(Definition):
    """A named range of the score's value, up to and including ``upper``."""

    name: str = Field(min_length=1, max_length=16)
    upper: float


class ChangeRule(Definition):
    """When the CRM is told of a score again: if it differs enough from what the CRM was last told.

    Any of these is enough: another band (``band``); points moved by at least ``points``; the value moved by at least
    ``relative`` times the told value and by at least ``absolute`` (one of the two may be left out).
    ``announce_first_load`` says whether the CRM is told of the customers in a score's first publication; otherwise
    they become known without being told.

    ``after_promotion`` says what is done with a customer whose score comes from another version of the model than the
    one before: ``tell`` what differs, as always; or be ``quiet``: take the new version's score as told, so that later
    scores are compared with it. ``per_minute_after_promotion`` limits how many of such customers an endpoint is told
    of in a minute; without it, all at once.
    """

    band: bool = False
    points: int | None = Field(default=None, gt=0)
    relative: float | None = Field(default=None, gt=0)
    absolute: float | None = Field(default=None, gt=0)
    announce_first_load: bool = False
    after_promotion: Literal["tell", "quiet"] = "tell"
    per_minute_after_promotion: int | None = Field(default=None, gt=0, le=MOST_PER_MINUTE)

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        if not self.band and self.points is None and self.relative is None and self.absolute is None:
            yield "band, points, relative, absolute: a change rule needs one of them"
        if self.after_promotion == "quiet" and self.per_minute_after_promotion is not None:
            yield "per_minute_after_promotion: nothing is told after a promotion if after_promotion is 'quiet'"

    @property
    def decisive(self) -> dict[str, Any]:
        """The fields that decide what is told, as JSON. How fast is none; a way that is no news keeps old digests."""
        shown = self.model_dump(exclude={"per_minute_after_promotion"}, mode="json")
        return shown if self.after_promotion == "quiet" else {k: v for k, v in shown.items() if k != "after_promotion"}


class Score(Definition):
    """A number about each customer of ``data_set``.

    ``features`` are columns of the data set in the order in which the model takes them. ``features_as`` is how a new
    version is shown them: ``codes`` (all float64, a category as its 0-based position) or ``typed`` (a category as a
    pandas category, true as True). ``unseen`` says what happens to a category value that the model has never seen:
    ``refuse`` it, or show the model a null. ``estimator`` makes an unfitted estimator with scikit-learn's methods.
    ``trusted_types`` are classes beyond scikit-learn's own that a model file of this score may hold.

    ``points`` (0 to ``points``) and ``bands`` are derived from a probability; ``minimum`` is a bound under which a
    regression's value makes no sense. ``deadline`` is by when, counted from the tick of the data set's schedule, the
    score must be published; later its owner is told. With ``reasons`` people can be told why a customer has this score;
    then the estimator must be one that can be explained. ``streamed`` says whether an update of a customer by the data
    set's stream is scored at once.
    ``features`` may also be made by ``history``, of earlier snapshots, and by ``transform``, a function of the rows.
    """

    name: str
    title: str
    description: str = ""
    owner: str = "scoring"
    data_set: str
    kind: Kind
    features: tuple[str, ...] = Field(min_length=1)
    features_as: Shown = "codes"
    unseen: Unseen = "refuse"
    target: Target
    estimator: Callable[[], Any] = Field(exclude=True)
    trusted_types: tuple[str, ...] = ()
    points: int | None = Field(default=None, gt=0, le=32767)
    bands: tuple[Band, ...] = ()
    minimum: float | None = None
    change: ChangeRule
    monitoring: Monitoring = Monitoring()
    learning: Learning = Learning()
    experiment: ExperimentPolicy = ExperimentPolicy()
    reasons: Reasons | None = None
    deadline: dt.timedelta | None = Field(default=None, gt=dt.timedelta())
    streamed: bool = False
    history: tuple[History, ...] = ()
    transform: Transform | None = None

    _name = field_validator("name", "data_set")(checked_name)

    @field_validator("kind", mode="before")
    @classmethod
    def _two_classes(cls, kind: Any) -> Any:
        if isinstance(kind, str) and kind.lower().replace("-", "").replace("_", "").startswith(
            ("multiclass", "multinomial")
        ):
            raise ValueError(
                "a score is one number, so several classes are out of scope: define a classification for each "
                "outcome that matters, with Target(positive=(...))"
            )
        return kind

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        if len(set(self.features)) != len(self.features):
            yield "features: a column is named twice"
        if self.kind == "regression" and (self.points or self.bands):
            yield "points, bands: only a classification's probability has them"
        if (self.kind == "classification") != (self.target.at_least is not None or bool(self.target.positive)):
            yield "target.at_least: a classification needs it (or 'positive'), a regression must not have it"
        uppers = [band.upper for band in self.bands]
        if uppers != sorted(set(uppers)):
            yield "bands: upper bounds must grow from band to band"
        if self.bands and uppers[-1] < 1:
            yield "bands: the last upper bound must be 1, so that every probability has a band"
        if self.change.band and not self.bands:
            yield "change.band: the score has no bands"
        if self.change.points is not None and self.points is None:
            yield "change.points: the score has no points"
        if self.reasons is not None:
            yield from self.reasons.mistakes_among(self.features)
        yield from self._learning_mistakes()
        yield from self._experiment_mistakes()
        metric, usable = self.monitoring.update.metric, headlines(self.kind)
        if metric is not None and metric not in usable:
            yield f"monitoring.update.metric: a {self.kind} is judged by one of {', '.join(usable)}, not by {metric}"

    def _learning_mistakes(self) -> Iterator[str]:
        if self.streamed and self.history:
            yield "streamed: an update comes without earlier snapshots, which the score's history needs"
        unwatched = set(self.learning.promotion.segments) - set(self.monitoring.segments)
        if unwatched:
            yield f"learning.promotion.segments: {', '.join(sorted(unwatched))} must be in monitoring.segments"
        if self.kind == "regression" and self.learning.calibrate is not None:
            yield "learning.calibrate: only a classification's probability is calibrated"

    def _experiment_mistakes(self) -> Iterator[str]:
        unwatched = set(self.experiment.segments) - set(self.monitoring.segments)
        if unwatched:
            yield f"experiment.segments: {', '.join(sorted(unwatched))} must be in monitoring.segments"
        usable, guards = headlines(self.kind), [guard.metric for guard in self.experiment.guards]
        for metric in [self.experiment.metric, *guards]:
            if metric is not None and metric not in usable:
                yield f"experiment: a {self.kind} is judged by one of {', '.join(usable)}, not by {metric}"
        if self.decisive_metric in guards:
            yield f"experiment.guards: {self.decisive_metric} decides already"

    def new_estimator(self) -> Any:
        """An unfitted estimator.

        Raises
        ------
        DefinitionError
            If ``estimator`` fails; names a missing package and where to install it.
        """
        try:
            return self.estimator()
        except ModuleNotFoundError as error:
            raise DefinitionError(
                f"Score {self.name!r}: estimator: the package {error.name!r} is not installed.",
                remedy="Install it into the Python environment of this command (LightGBM, XGBoost, CatBoost: "
                "`pip install -r requirements-models.txt`).",
                in_airflow="Install it into the Python environment of all Airflow workers, then clear this task.",
            ) from error
        except Exception as error:
            raise DefinitionError(
                f"Score {self.name!r}: estimator: it cannot be made: {type(error).__name__}: {error}",
                remedy="Correct the function that the definition names as its estimator.",
            ) from error

    @property
    def headline(self) -> str:
        """The metric by which the score's model is judged."""
        return self.monitoring.update.metric or ("roc_auc" if self.kind == "classification" else "mae")

    @property
    def decisive_metric(self) -> str:
        """The metric that decides an experiment."""
        return self.experiment.metric or self.headline

    @property
    def model_name(self) -> str:
        """Name of the registered model."""
        return self.name

    @property
    def digest(self) -> str:
        """Digest of all fields that decide what is published and told; the model is not part of it."""
        shown = {"name", "data_set", "kind", "features", "points", "bands", "minimum"}
        if self.unseen != "refuse":  # older definitions keep their digests
            shown.add("unseen")
        decisive = self.model_dump(include=shown, mode="json") | {"change": self.change.decisive}
        return digest_of(decisive | self._derivation)

    @property
    def _derivation(self) -> dict[str, Any]:
        """How features that are not delivered are made; nothing of a score without, which keeps old digests."""
        history = [one.content for one in self.history]
        return ({"history": history} if history else {}) | (
            {"transform": self.transform.content} if self.transform else {}
        )

    @property
    def is_derived(self) -> bool:
        """Whether it has features that are not delivered."""
        return bool(self.history) or self.transform is not None

    @property
    def reach(self) -> int:
        """How many periods its history looks back; 0 without one."""
        return max((one.reach for one in self.history), default=0)
