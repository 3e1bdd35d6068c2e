"""Model files: skops, never pickle; checked by digest, and loaded only with types that are trusted."""

import hashlib
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import skops.io
from sklearn.exceptions import InconsistentVersionWarning
from skops.io.exceptions import UntrustedTypesFoundException

from scoring.errors import IntegrityError, PermanentError

MODEL_FILE = "model.skops"

# Private classes of scikit-learn in what `Learning.calibrate` makes; skops lists only public ones.
CALIBRATION = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration")


def load_file(path: Path, model: str, digest: str, trusted_types: Sequence[str]) -> Any:
    """The fitted estimator in a skops file; only skops' own types and ``trusted_types`` are loaded.

    Parameters
    ----------
    model
        What messages call it.
    digest
        Of the file that was registered.

    Raises
    ------
    IntegrityError
        If the file is another one.
    PermanentError
        If it holds a type that is not trusted, or needs a package that is not installed; names them.
    """
    if not path.is_file() or file_digest(path) != digest:
        raise IntegrityError(
            f"Model {model} is not the file that was registered "
            f"({'its digest differs' if path.is_file() else f'there is no {MODEL_FILE}'}).",
            remedy="Restore the artifact, or train and promote a new version.",
        )
    with _translated_load_errors(model), warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)  # scored_with() has already judged the version
        return skops.io.load(path, trusted=[*trusted_types, *CALIBRATION])


def refuse_untrusted(name: str, estimator: Any, trusted_types: Sequence[str]) -> None:
    """Refuse an estimator that could not be loaded again.

    Raises
    ------
    PermanentError
        If it cannot be stored without pickle, or holds types that are not trusted; names them.
    """
    try:
        unknown = set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator)))
        unknown -= {*trusted_types, *CALIBRATION}
    except Exception as error:  # a user's class may raise anything while it is serialised
        raise PermanentError(
            f"The estimator of {name} cannot be stored as a skops file, the only format allowed: "
            f"{type(error).__name__}: {' '.join(str(error).split())[:300]}",
            remedy="Use estimators of scikit-learn, or classes whose attributes are numbers, texts and arrays.",
        ) from error
    if unknown:
        listed = ", ".join(repr(kind) for kind in sorted(unknown))
        raise PermanentError(
            f"The estimator of {name} holds types that are not trusted: {listed}.",
            remedy=f"If you trust them, name them in the score's definition: trusted_types=({listed},).",
        )


def file_digest(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _translated_load_errors(model: str) -> Iterator[None]:
    """Translate the errors of loading a model file into ours."""
    try:
        yield
    except zipfile.BadZipFile as error:
        raise IntegrityError(
            f"Model {model} is not a skops file; no other kind is loaded.", remedy="Register it with `scoring train`."
        ) from error
    except UntrustedTypesFoundException as error:
        raise PermanentError(
            f"Model {model} is not loaded: {error}",
            remedy="If you trust these types, name them in the score's 'trusted_types'.",
        ) from error
    except ImportError as error:
        raise PermanentError(
            f"Model {model} needs the package {error.name or 'that it was made with'!r}, which is not installed here.",
            remedy="Install it where tasks run, or promote a version that does not need it.",
        ) from error
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the file is the registered one, so another try fails too
        raise PermanentError(
            f"Model {model} cannot be loaded: {type(error).__name__}: {' '.join(str(error).split())[:300]}",
            remedy="Train a version with the installed packages and promote it.",
        ) from error
