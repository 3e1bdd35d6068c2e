"""scikit-learn by skops: only classes that are trusted are loaded, and equal estimators give equal bytes."""

import json
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import skops.io
from sklearn.exceptions import InconsistentVersionWarning

from scoring.errors import PermanentError
from scoring.models.canonical import SCHEMA, make_canonical
from scoring.models.formats.contract import Facts
from scoring.models.formats.trusted import TRUSTED


class ScikitLearn:
    """An estimator as skops writes it."""

    kind, file, package = "scikit-learn", "model.skops", "scikit-learn"

    def made(self, estimator: Any) -> bool:
        """See :class:`~scoring.models.formats.contract.Written`: whatever no other format is for."""
        del estimator
        return True

    def begins(self, path: Path) -> bool:
        """See :class:`~scoring.models.formats.contract.Format`."""
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as file:
            return SCHEMA in file.namelist() and "_skops_version" in json.loads(file.read(SCHEMA))

    def save(self, estimator: Any, path: Path, trusted_types: Sequence[str]) -> None:
        """See :class:`~scoring.models.formats.contract.Written`.

        Raises
        ------
        PermanentError
            If it cannot be stored without pickle, or holds types that are not trusted; names them.
        """
        refuse_untrusted(type(estimator).__name__, estimator, trusted_types)
        skops.io.dump(estimator, path)
        make_canonical(path)

    def load(self, path: Path, trusted_types: Sequence[str]) -> Any:
        """See :class:`~scoring.models.formats.contract.Format`."""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", InconsistentVersionWarning)  # scored_with() judges the version
            found = skops.io.load(path, trusted=[*trusted_types, *TRUSTED])
        others = [one.message for one in told if isinstance(one.message, InconsistentVersionWarning)]
        if others:
            found.trained_with_ = others[0].original_sklearn_version
        return found

    def facts(self, model: Any) -> Facts:
        """See :class:`~scoring.models.formats.contract.Format`."""
        names = getattr(model, "feature_names_in_", None)
        return Facts(
            None if names is None else tuple(map(str, names)),
            count=getattr(model, "n_features_in_", None),
            trained_with=getattr(model, "trained_with_", None),
        )


def refuse_untrusted(name: str, estimator: Any, trusted_types: Sequence[str]) -> None:
    """Refuse an estimator that could not be loaded again.

    Raises
    ------
    PermanentError
        If it cannot be stored without pickle, or holds types that are not trusted; names them.
    """
    try:
        unknown = set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator))) - {*trusted_types, *TRUSTED}
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
