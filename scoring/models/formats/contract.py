"""What each format of model files offers, and the two shapes in which a loaded model answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.domain.score import Shown
from scoring.errors import ConfigurationError, PermanentError

Floats: TypeAlias = NDArray[np.float64]
Ask: TypeAlias = Callable[[pd.DataFrame], Any]

SCIKIT_LEARN = "scikit-learn"
EXTRAS = "requirements-models.txt"


@dataclass(frozen=True)
class Facts:
    """What a model file says of what it takes; None or empty where it does not say.

    ``features`` are names in the file's order, ``categories`` the values of categories by feature, ``count`` how many
    features there are, ``shown`` how they must be shown, ``trained_with`` the version of the library.
    """

    features: tuple[str, ...] | None = None
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    count: int | None = None
    shown: Shown | None = None
    trained_with: str | None = None


class Format(Protocol):
    """A kind of model file that can be read.

    Attributes
    ----------
    kind
        Its name in tags and messages.
    file
        The name of the file among the artifacts of a version.
    package
        The Python package that reads it.
    """

    kind: str
    file: str
    package: str

    def begins(self, path: Path) -> bool:
        """Whether a file is one of these, by its content."""

    def load(self, path: Path, trusted_types: Sequence[str]) -> Any:
        """A model with ``predict_proba`` and ``classes_``, or ``predict``.

        Raises
        ------
        ConfigurationError
            If the package is not installed.
        PermanentError
            If it holds types that are not trusted, or answers with more than two classes.
        """

    def facts(self, model: Any) -> Facts:
        """What a loaded model says of what it takes."""


class Written(Format, Protocol):
    """One in which fitted estimators are stored, too."""

    def made(self, estimator: Any) -> bool:
        """Whether a fitted estimator is stored in this format; imports nothing."""

    def save(self, estimator: Any, path: Path, trusted_types: Sequence[str]) -> None:
        """Write a fitted estimator; the same training gives the same bytes."""


class Probabilities:
    """A loaded classification: ``ask`` gives the probability of class 1, shape (rows,)."""

    classes_ = (0, 1)

    def __init__(self, ask: Ask, native: Any) -> None:
        self._ask, self.native = ask, native

    def predict_proba(self, features: pd.DataFrame) -> Floats:
        """Probabilities of the classes 0 and 1, float64 of shape (rows, 2)."""
        said = np.asarray(self._ask(features), np.float64)
        return np.column_stack([1.0 - said, said])


class Amounts:
    """A loaded regression: ``ask`` gives the amounts, shape (rows,)."""

    def __init__(self, ask: Ask, native: Any) -> None:
        self._ask, self.native = ask, native

    def predict(self, features: pd.DataFrame) -> Floats:
        """Amounts, float64 of shape (rows,)."""
        return np.asarray(self._ask(features), np.float64)


def of_package(estimator: Any, package: str) -> bool:
    """Whether the class of an estimator comes from a package, which is not imported for this."""
    return any(kind.__module__.split(".")[0] == package for kind in type(estimator).__mro__)


def refuse_classes(count: int) -> None:
    """Refuse a model of more than two classes.

    Raises
    ------
    PermanentError
        If there are more.
    """
    if count > 2:  # noqa: PLR2004 - it happens, or it does not
        raise PermanentError(
            f"The model tells {count} classes apart; a score is the probability of one outcome.",
            remedy="Train a model of two classes for each outcome that you want a score of.",
        )


def installed(form: Format) -> str:
    """The version of a format's package.

    Raises
    ------
    ConfigurationError
        If it is not installed.
    """
    if form.package == SCIKIT_LEARN:
        return version(SCIKIT_LEARN)
    with needing(form.package):
        return f"{form.package} {import_module(form.package).__version__}"


@contextmanager
def needing(package: str) -> Iterator[None]:
    """Inside, a package that is not installed is named with how to install it.

    Raises
    ------
    ConfigurationError
        In place of an ImportError.
    """
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            f"A model needs the package {package!r}, which is not installed here.",
            remedy=f"Install it: `pip install -r {EXTRAS}`.",
            in_airflow=f"Install it where tasks run: `pip install -r {EXTRAS}`; then clear this task.",
        ) from error
