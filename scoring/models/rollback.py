"""Decides which version a rollback puts in charge again. Pure."""

from collections.abc import Sequence

from scoring.errors import NotFound, PermanentError
from scoring.models.ledger import Promotion


def rollback_target(name: str, past: Sequence[Promotion], version: int | None) -> Promotion:
    """The row of the version to put in charge again.

    Parameters
    ----------
    name
        The model.
    past
        All rows of the ledger about it, the newest first.
    version
        The version that is wanted. None: the one before; of several rollbacks in a row each goes one version further
        back, never forth to a version that was rolled back just before.

    Raises
    ------
    NotFound
        If no other version was in charge before.
    PermanentError
        If the version that is wanted is in charge, or never was.
    """
    if version is None:
        return _before(name, past)
    found = next((row for row in past if row.model_version == version), None)
    if found is None or version == past[0].model_version:
        others = sorted({row.model_version for row in past} - {past[0].model_version} if past else ())
        what = "was never in charge" if found is None else "is in charge"
        raise PermanentError(
            f"Model {name!r} cannot be rolled back to version {version}: it {what}.",
            remedy=f"Others that were in charge: {', '.join(map(str, others)) or 'none'}. To put a new one in charge: "
            f"`scoring model promote {name} <version>`.",
        )
    return found


def _before(name: str, past: Sequence[Promotion]) -> Promotion:
    undone: set[int | None] = {row.model_version for row in past[:1]}
    for row in past:
        if row.how != "rollback":
            break
        undone.add(row.from_version)
    found = next((row for row in past if row.model_version not in undone), None)
    if found is None:
        raise NotFound(
            f"Model {name!r} cannot be rolled back: no other version was in charge before.",
            remedy=f"`scoring model list {name}` shows what there is; `scoring model promote {name} <version>` puts "
            "one in charge.",
        )
    return found
