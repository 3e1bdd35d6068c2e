"""A score: a number about each customer of a data set, how it is shown, and which changes the CRM is told."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

from pydantic import Field, field_validator

from scoring.domain.dataset import checked_name
from scoring.domain.definition import Definition, digest_of
from scoring.errors import DefinitionError

Kind = Literal["classification", "regression"]


class Target(Definition):
    """What a score predicts: a column of the same data set ``horizon_months`` after as_of.

    A regression predicts the column's value, a classification whether the value is ``at_least`` this much.
    """

    column: str
    horizon_months: int = Field(default=1, ge=1)
    at_least: float | None = None


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
    """

    band: bool = False
    points: int | None = Field(default=None, gt=0)
    relative: float | None = Field(default=None, gt=0)
    absolute: float | None = Field(default=None, gt=0)
    announce_first_load: bool = False

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        if not self.band and self.points is None and self.relative is None and self.absolute is None:
            yield "band, points, relative, absolute: a change rule needs one of them"


class Score(Definition):
    """A number about each customer of ``data_set``.

    ``features`` are columns of the data set, in the order in which the model takes them. ``estimator`` is a function
    that makes an unfitted scikit-learn estimator. ``trusted_types`` are the classes, besides those that skops trusts,
    that a model file of this score may hold. ``points`` (0 to ``points``) and ``bands`` are derived from a probability.
    Values below ``minimum`` make no sense and are raised to it.
    """

    name: str
    title: str
    description: str = ""
    owner: str = "scoring"
    data_set: str
    kind: Kind
    features: tuple[str, ...] = Field(min_length=1)
    target: Target
    estimator: Callable[[], Any] = Field(exclude=True)
    trusted_types: tuple[str, ...] = ()
    points: int | None = Field(default=None, gt=0, le=32767)
    bands: tuple[Band, ...] = ()
    minimum: float | None = None
    change: ChangeRule

    _name = field_validator("name", "data_set")(checked_name)

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        if len(set(self.features)) != len(self.features):
            yield "features: a column is named twice"
        if self.kind == "regression" and (self.points or self.bands):
            yield "points, bands: only a classification's probability has them"
        if (self.kind == "classification") != (self.target.at_least is not None):
            yield "target.at_least: a classification needs it, a regression must not have it"
        uppers = [band.upper for band in self.bands]
        if uppers != sorted(set(uppers)):
            yield "bands: upper bounds must grow from band to band"
        if self.bands and uppers[-1] < 1:
            yield "bands: the last upper bound must be 1, so that every probability has a band"
        if self.change.band and not self.bands:
            yield "change.band: the score has no bands"
        if self.change.points is not None and self.points is None:
            yield "change.points: the score has no points"

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
                remedy="Install it into the Python environment of this command.",
                in_airflow="Install it into the Python environment of all Airflow workers, then clear this task.",
            ) from error
        except Exception as error:
            raise DefinitionError(
                f"Score {self.name!r}: estimator: it cannot be made: {type(error).__name__}: {error}",
                remedy="Correct the function that the definition names as its estimator.",
            ) from error

    @property
    def model_name(self) -> str:
        """Name of the registered model."""
        return self.name

    @property
    def digest(self) -> str:
        """Digest of all fields that decide what is published and told; the model is not part of it."""
        shown = {"name", "data_set", "kind", "features", "points", "bands", "minimum", "change"}
        return digest_of(self.model_dump(include=shown, mode="json"))
