"""What becomes of a snapshot that an intake led to: a pure decision about the partition's current snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Action = Literal["record", "keep", "stop", "restore"]


@dataclass(frozen=True)
class Settlement:
    """What to do, and with which snapshot.

    ``record`` writes a new one. ``keep`` leaves the current one as it is; the content was taken in before.
    ``stop`` takes one out of use. ``restore`` makes an earlier one current again.
    """

    action: Action
    snapshot_id: int | None = None


def settle(current: int | None, known: int | None, lineage: Sequence[int], *, stopped: bool) -> Settlement:
    """Decide what becomes of content that was taken in.

    Two rules. Content stands for the snapshot of its lineage that was current last: delivering it again never
    undoes a replay of its corrected rows. And content that is stopped makes nothing current.

    Parameters
    ----------
    current
        The snapshot that scores are computed from, if there is one.
    known
        The snapshot that already has this content, if there is one.
    lineage
        ``known`` and the snapshots made from it by replays, as far as they were ever current; the one that was
        current last comes last.
    stopped
        Whether validation stops the content now.
    """
    if known is None:
        return Settlement("record")
    if current is not None and current in lineage and not (stopped and current == known):
        return Settlement("keep", current)
    if stopped:
        return Settlement("stop", known)
    return Settlement("restore", lineage[-1] if lineage else known)
