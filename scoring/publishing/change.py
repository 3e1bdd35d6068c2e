"""Whether a score has moved enough to tell the CRM.

The publishing SQL says the same for whole sets; a property test holds the two together.
"""

from dataclasses import dataclass

from scoring.domain.score import ChangeRule


@dataclass(frozen=True)
class Standing:
    """A score as it is or was told: the value, and for a classification its points and band."""

    value: float
    points: int | None = None
    band: str | None = None


def is_change(rule: ChangeRule, told: Standing | None, new: Standing) -> bool:
    """Whether ``new`` is to be told after ``told``; somebody never told of is always a change."""
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
