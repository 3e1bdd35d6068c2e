"""Model files, never a pickle: checked by digest, and loaded by the format of their kind."""

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skops.io.exceptions import UntrustedTypesFoundException

from scoring.errors import IntegrityError, PermanentError, ScoringError
from scoring.models.formats.contract import Format
from scoring.models.formats.known import SCIKIT_LEARN

MODEL_FILE = SCIKIT_LEARN.file


def load_file(path: Path, model: str, digest: str, trusted_types: Sequence[str], form: Format = SCIKIT_LEARN) -> Any:
    """The fitted model in a file; of a skops file only scikit-learn's own types and ``trusted_types`` are loaded.

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
            f"({'its digest differs' if path.is_file() else f'there is no {form.file}'}).",
            remedy="Restore the artifact, or train and promote a new version.",
        )
    with translated_load_errors(f"Model {model}", form):
        return form.load(path, trusted_types)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def translated_load_errors(model: str, form: Format) -> Iterator[None]:
    """Translate the errors of loading a model file into ours; ``model`` begins the messages."""
    try:
        yield
    except ScoringError:
        raise
    except zipfile.BadZipFile as error:
        raise IntegrityError(
            f"{model} is not a skops file; no other kind is loaded.", remedy="Register it with `scoring train`."
        ) from error
    except UntrustedTypesFoundException as error:
        raise PermanentError(
            f"{model} is not loaded: {error}",
            remedy="If you trust these types, name them in the score's 'trusted_types'.",
        ) from error
    except ImportError as error:
        raise PermanentError(
            f"{model} needs the package {error.name or 'that it was made with'!r}, which is not installed here.",
            remedy="Install it where tasks run, or promote a version that does not need it.",
        ) from error
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the file is the registered one, so another try fails too
        raise PermanentError(
            f"{model} cannot be loaded as {form.kind}: {type(error).__name__}: {' '.join(str(error).split())[:300]}",
            remedy="Train a version with the installed packages and promote it.",
        ) from error
