"""Refuses a model version that does not fit the score's definition or the installed scikit-learn."""

from dataclasses import replace

from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.models.encoding import Encoding, misfits
from scoring.models.formats.contract import SCIKIT_LEARN, installed
from scoring.models.formats.known import of_kind
from scoring.models.tags import ModelRef
from scoring.models.versions import Policy, is_usable


def fitting_encoding(ref: ModelRef, score: Score, data_set: DataSet) -> Encoding:
    """The encoding to score with: the model's own, if the definition still fits it.

    A version of the first release has none and takes the definition's, if its data set has not changed.

    Raises
    ------
    PermanentError
        If the definition has changed so that the model does not fit; names each feature that differs.
    """
    if ref.encoding is None:
        if ref.data_set_digest != data_set.digest:
            raise PermanentError(
                f"Model {ref} does not say what it was trained on, and the definition of {data_set.name!r} has changed "
                "since.",
                remedy=f"Train a version with it (`scoring train {score.name} --as-of <date>`) and promote that.",
            )
        return replace(Encoding.of(score, data_set, "codes"), unseen=score.unseen)
    learned = replace(ref.encoding, unseen=score.unseen)
    found = misfits(learned, Encoding.of(score, data_set, learned.shown))
    if found:
        raise PermanentError(
            f"The definition of {score.name!r} does not fit its model {ref}: {'; '.join(found)}.",
            remedy="Undo the change, or train a version with the new definition "
            f"(`scoring train {score.name} --as-of <date>`) and promote it.",
        )
    return learned


def scored_with(ref: ModelRef, policy: Policy) -> str:
    """The installed version of scikit-learn, if the model may score with it; of another library its name and version.

    The own formats of other libraries are made to be read by later versions.

    Raises
    ------
    PermanentError
        If the model was trained with another minor version and ``policy`` refuses that.
    """
    form = of_kind(ref.kind)
    now = installed(form)
    if form.package == SCIKIT_LEARN and not is_usable(ref.trained_with, now, policy):
        raise PermanentError(
            f"Model {ref} was trained with scikit-learn {ref.trained_with}; {now} is installed, which may give "
            "other scores.",
            remedy="Train and promote a version with the installed one, install the old one, or accept it with "
            "SCORING_OTHER_SCIKIT_LEARN=allow.",
        )
    return now
