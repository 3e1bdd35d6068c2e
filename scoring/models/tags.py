"""What a model version says about itself, in the tags and metrics that MLflow keeps with it."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from scoring.errors import IntegrityError, PermanentError
from scoring.models.encoding import Encoding
from scoring.models.formats.contract import SCIKIT_LEARN
from scoring.models.versions import BEFORE_RECORDING

DIGEST_TAG, TRAINED_WITH_TAG, DATA_SET_TAG = "model_digest", "scikit_learn", "data_set_digest"
OUT_OF_FOLD_TAG = "out_of_fold_digest"
TRAINED_AS_OF_TAG, SNAPSHOT_TAG = "trained_as_of", "snapshot_digest"
# The snapshot of the customers on whom a version was tried at training, if not on those that it learned from.
TRIED_AS_OF_TAG, TRIED_SNAPSHOT_TAG = "tried_as_of", "tried_snapshot_digest"
INPUTS_TAG = "inputs_digest"  # of a version that retraining has made
ENCODING_TAG = "encoding"
KIND_TAG = "kind"  # of the file, where it is not scikit-learn's
PARITY_TAG = "parity"  # of the accelerated predictor with the estimator: "equal on ...", or "refused: ..."
BACKGROUND_TAG, EXPLAINED_TAG = "background", "explained"
TAG_CHARACTERS = 90_000  # a tag holds at most 100,000, so a long encoding takes several

PROMISED = "out_of_fold_"  # metrics of this prefix are what a version promises, unless it has
HELD_OUT = "held_out_"  # some of this: of later cohorts, on which it was compared with the champion


@dataclass(frozen=True)
class ModelRef:
    """One version of a registered model.

    ``digest`` is the SHA-256 of its file, ``kind`` the name of its format (:mod:`scoring.models.formats`);
    ``trained_with`` the version of scikit-learn, or the name and version of another library. Versions of the first
    release have no ``encoding``; ``data_set_digest`` says which definition of the data set they were trained with.
    ``background`` are the training means that explain a linear model; None if it is none, or an older version.
    ``explained`` says that it was found at training that the scores of all customers can be explained. ``parity`` is
    what was found of its accelerated predictor; None for older versions, which have none.
    """

    name: str
    version: int
    digest: str
    trained_with: str = BEFORE_RECORDING
    encoding: Encoding | None = None
    data_set_digest: str | None = None
    background: tuple[float, ...] | None = None
    explained: bool = False
    kind: str = SCIKIT_LEARN
    parity: str | None = None

    def __str__(self) -> str:
        """Name and version, as messages show them."""
        return f"{self.name} version {self.version}"


@dataclass(frozen=True)
class TrainedOn:
    """The snapshot whose customers a version learned from, or was tried on."""

    as_of: dt.date
    snapshot_digest: str


def ref_of(name: str, version: int, tags: Mapping[str, str]) -> ModelRef:
    """The version that these tags describe.

    Raises
    ------
    PermanentError
        If it was not registered by this project.
    IntegrityError
        If its encoding cannot be read.
    """
    digest = tags.get(DIGEST_TAG)
    if digest is None:
        raise PermanentError(
            f"Model {name} version {version} has no tag {DIGEST_TAG!r}: it was not registered by "
            "this project. Register it with `scoring train`."
        )
    return ModelRef(
        name=name,
        version=version,
        digest=digest,
        trained_with=tags.get(TRAINED_WITH_TAG, BEFORE_RECORDING),
        encoding=_encoding(f"{name} version {version}", tags),
        data_set_digest=tags.get(DATA_SET_TAG),
        background=_background(f"{name} version {version}", tags),
        explained=EXPLAINED_TAG in tags,
        kind=tags.get(KIND_TAG, SCIKIT_LEARN),
        parity=tags.get(PARITY_TAG),
    )


def trained_on(tags: Mapping[str, str]) -> TrainedOn | None:
    """The newest snapshot that a version learned from; None if it does not say."""
    return _snapshot(tags, TRAINED_AS_OF_TAG, SNAPSHOT_TAG)


def tried_on(tags: Mapping[str, str]) -> TrainedOn | None:
    """The snapshot on whose customers a version was tried; None if it does not say."""
    return _snapshot(tags, TRIED_AS_OF_TAG, TRIED_SNAPSHOT_TAG) or trained_on(tags)


def promised(metrics: Mapping[str, float]) -> dict[str, float]:
    """Those metrics of a training that were taken on customers that the version had not learned from, by name."""
    prefix = HELD_OUT if any(name.startswith(HELD_OUT) for name in metrics) else PROMISED
    return {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}


def encoding_tags(encoding: Encoding) -> dict[str, str]:
    """The tags that hold an encoding."""
    return _parts(ENCODING_TAG, encoding.content)


def explanation_tags(background: Iterable[float] | None, *, explained: bool) -> dict[str, str]:
    """The tags that hold the training means of a linear model, and that its scores can be explained."""
    means = {} if background is None else _parts(BACKGROUND_TAG, [float(mean) for mean in background])
    return means | ({EXPLAINED_TAG: "all customers"} if explained else {})


def _parts(tag: str, content: Sequence[object] | Mapping[str, object]) -> dict[str, str]:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    parts = [text[first : first + TAG_CHARACTERS] for first in range(0, len(text), TAG_CHARACTERS)]
    return {f"{tag}.{number}": part for number, part in enumerate(parts)}


def _joined(tag: str, tags: Mapping[str, str]) -> str:
    parts: list[str] = []
    while (part := tags.get(f"{tag}.{len(parts)}")) is not None:
        parts.append(part)
    return "".join(parts)


def _encoding(model: str, tags: Mapping[str, str]) -> Encoding | None:
    text = _joined(ENCODING_TAG, tags)
    with _readable(model, ENCODING_TAG):
        return Encoding.from_content(json.loads(text)) if text else None


def _background(model: str, tags: Mapping[str, str]) -> tuple[float, ...] | None:
    text = _joined(BACKGROUND_TAG, tags)
    with _readable(model, BACKGROUND_TAG):
        return tuple(float(mean) for mean in json.loads(text)) if text else None


@contextmanager
def _readable(model: str, tag: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError) as error:
        raise IntegrityError(
            f"Model {model} has a tag {tag!r} that cannot be read.",
            remedy="Restore the tag, or train and promote a new version.",
        ) from error


def _snapshot(tags: Mapping[str, str], as_of: str, digest: str) -> TrainedOn | None:
    try:
        return TrainedOn(dt.date.fromisoformat(tags[as_of]), tags[digest])
    except (KeyError, ValueError):  # registered by other means
        return None
