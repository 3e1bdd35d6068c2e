"""What a publication changed, in a few lines for people: band migration and largest movers, without features. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

MOVERS = 10  # customers that a digest names
MIGRATIONS = 20  # pairs of bands that it shows


@dataclass(frozen=True)
class Migration:
    """Customers that went from one band to another."""

    before: str | None
    after: str | None
    customers: int


@dataclass(frozen=True)
class Mover:
    """A customer's score as it was told and as it is."""

    customer_id: str
    previous_value: float
    value: float
    previous_points: int | None
    points: int | None
    previous_band: str | None
    band: str | None


@dataclass(frozen=True)
class Movements:
    """What differs from what the CRM was last told.

    ``new`` customers were never told of; ``migration`` and ``movers`` are about the others, the largest first.
    """

    new: int
    migration: tuple[Migration, ...]
    movers: tuple[Mover, ...]


def summary(changed: int, rows: int) -> str:
    """How many customers changed, in one line."""
    return f"{changed:,} of {rows:,} customers changed ({share(changed, rows):.1%})"


def share(changed: int, rows: int) -> float:
    """Share of the customers that changed, 0 to 1; 0 of nobody."""
    return changed / rows if rows else 0.0


def after_promotion(moved: int, paced: int, per_minute: int | None) -> str:
    """What is done about scores that come from another version of the model than before; empty if nothing."""
    if moved:
        return f"{moved:,} scores come from another version of the model; the CRM is not told what that changed.\n"
    if paced and per_minute is not None:
        return f"{paced:,} of the changes come with another version of the model: {per_minute:,} a minute are told.\n"
    return ""


def described(movements: Movements) -> str:
    """The movements as lines of text."""
    lines = [f"New customers: {movements.new:,}."]
    if movements.migration:
        lines.append(f"Band migration: {_migration(movements.migration)}.")
    if movements.movers:
        lines.append("Largest movers:")
        lines += [f"  {_moved(mover)}" for mover in movements.movers]
    return "\n".join(lines)


def _migration(migration: Sequence[Migration]) -> str:
    shown = [f"{one.before or 'none'} → {one.after or 'none'} {one.customers:,}" for one in migration[:MIGRATIONS]]
    rest = sum(one.customers for one in migration[MIGRATIONS:])
    return ", ".join([*shown, f"others {rest:,}"] if rest else shown)


def _moved(mover: Mover) -> str:
    if mover.points is None or mover.previous_points is None:
        moved = f"{mover.previous_value:.6g} → {mover.value:.6g}"
    else:
        moved = f"{mover.previous_points} → {mover.points} points"
    bands = f", {mover.previous_band} → {mover.band}" if mover.previous_band != mover.band else ""
    return f"{mover.customer_id}: {moved}{bands}"
