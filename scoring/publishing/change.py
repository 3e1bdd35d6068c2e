"""Whether a score has moved enough to tell the CRM: the rule, as a pure function.

Publishing applies the same rule in SQL (``comparison``); a property test over all floats checks that both agree.
"""

import datetime as dt
import math
import struct
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scoring.domain.score import ChangeRule
from scoring.domain.streams import is_newer, known_until

Treatment = Literal["tell", "move", "see", "nothing"]

_INFINITY_BITS = 0x7FF0_0000_0000_0000  # the bits of positive floats, read as an integer, are in the floats' order


@dataclass(frozen=True)
class Standing:
    """A score as it is now or was last told: the value, and its points and band if it has any."""

    value: float
    points: int | None = None
    band: str | None = None


def is_change(rule: ChangeRule, told: Standing | None, new: Standing) -> bool:
    """Whether ``new`` must be told after ``told``; a customer without an announcement is always a change.

    Differences and shares are those of float64 (IEEE 754): an overflow is infinite, an underflow is 0.
    """
    if told is None:
        return True
    moved = abs(new.value - told.value)
    return (
        (rule.band and new.band != told.band)
        or (
            rule.points is not None
            and new.points is not None
            and told.points is not None
            and abs(new.points - told.points) >= rule.points
        )
        or (
            (rule.relative is not None or rule.absolute is not None)
            and moved > 0
            and moved >= (rule.relative or 0.0) * abs(told.value)
            and moved >= (rule.absolute or 0.0)
        )
    )


def treatment(
    rule: ChangeRule, told: Standing | None, new: Standing, *, compared_with: int | None, version: int
) -> Treatment:
    """What is done about a customer of a publication.

    Parameters
    ----------
    told
        What the CRM was last told, or what was taken as told.
    compared_with
        The version of the model whose score ``told`` was last compared with; None if that is not known.
    version
        The version of the model that made ``new``.

    Returns
    -------
    Treatment
        ``tell`` the CRM; ``move`` what counts as told and say nothing; only note that the version was ``see``n, so that
        the next difference is known not to be the promotion's; or ``nothing``.
    """
    if told is not None and rule.after_promotion == "quiet" and compared_with not in (None, version):
        return "move"
    if is_change(rule, told, new):
        return "tell"
    return "nothing" if compared_with == version else "see"


def told_of_newer(
    as_of: dt.date, event_time: dt.datetime | None, *, new_as_of: dt.date, new_event_time: dt.datetime | None
) -> bool:
    """Whether the CRM was told something newer about a customer than what is there to tell, so that it is passed over.

    Parameters
    ----------
    as_of, event_time
        Of what was told; an event time if a stream told it.
    new_as_of, new_event_time
        Of what is there to tell; an event time if it comes by a stream.
    """
    if new_event_time is None:
        return event_time is not None and event_time >= known_until(new_as_of)
    return new_event_time < event_time if event_time is not None else not is_newer(new_event_time, as_of)


def share_limits(relative: float) -> tuple[float, float]:
    """The limits within which the share ``relative`` of a value neither underflows nor overflows.

    PostgreSQL refuses to multiply beyond them, so its statement must know them.

    Parameters
    ----------
    relative
        A positive, finite share.

    Returns
    -------
    tuple of float
        The smallest positive float64 whose share is more than 0, and the smallest whose share is infinite.
    """
    return _first(lambda value: relative * value > 0), _first(lambda value: math.isinf(relative * value))


def _first(holds: Callable[[float], bool]) -> float:
    """The smallest positive float64, or infinity, for which ``holds``; it must then hold for all larger ones."""
    return _float(bisect_left(range(_INFINITY_BITS), True, key=lambda bits: holds(_float(bits))))


def _float(bits: int) -> float:
    (number,) = struct.unpack(">d", bits.to_bytes(8))
    return float(number)
