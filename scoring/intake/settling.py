"""Decides what an intake changes about a partition's snapshots: a pure rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Action = Literal["record", "keep", "stop", "restore"]


@dataclass(frozen=True)
class Settlement:
    """What to do, and with which snapshot.

    ``record`` writes a new one. ``keep`` leaves the current one as it is, because it already has or corrects the
    content. ``stop`` marks one as stopped. ``restore`` makes an earlier one current again.
    """

    action: Action
    snapshot_id: int | None = None


def settle(current: int | None, known: int | None, lineage: Sequence[int], *, stopped: bool) -> Settlement:
    """Decide what to do with the content of an intake.

    Two rules. Known content means the snapshot of its lineage that was current last, so taking it in again never
    undoes a replay. Stopped content makes nothing current.

    Parameters
    ----------
    current
        The snapshot that scores are computed from, if there is one.
    known
        The snapshot that already has this content, if there is one.
    lineage
        Those of ``known`` and of the snapshots that replays made from it that were ever current; the one that became
        current last comes last.
    stopped
        Whether validation stops the content.
    """
    if known is None:
        return Settlement("record")
    if current is not None and current in lineage and not (stopped and current == known):
        return Settlement("keep", current)
    if stopped:
        return Settlement("stop", known)
    return Settlement("restore", lineage[-1] if lineage else known)
