"""What a run of maintain found and did, for people."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Removed:
    """One thing, or rows of one kind, that leave; ``why_not`` says why they did not leave in this run."""

    what: str
    rows: int
    bytes: int | None = None
    why_not: str | None = None


@dataclass
class Part:
    """What became of one kind of thing: what leaves, and how much stays for which reason."""

    kind: str
    removed: list[Removed] = field(default_factory=list)
    stays: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Rows that leave."""
        return sum(one.rows for one in self.removed if one.why_not is None)

    @property
    def bytes(self) -> int:
        """Bytes that leave, as far as they are known."""
        return sum(one.bytes or 0 for one in self.removed if one.why_not is None)

    @property
    def things(self) -> int:
        """Things that leave; of rows that leave in batches 1 or 0."""
        return sum(one.why_not is None for one in self.removed)

    def lines(self, *, dry_run: bool, all_of_it: bool = False) -> list[str]:
        """The part in words: a line for what leaves, one for each reason why something stays."""
        verb = "would leave" if dry_run else "left"
        size = f", {self.bytes / 1e6:,.1f} MB" if self.bytes else ""
        found = [f"{self.kind}: {self.things:,} {verb} ({self.rows:,} rows{size})"]
        if all_of_it:
            found += [f"    {verb}: {one.what}" for one in self.removed if one.why_not is None]
        found += [f"    not yet: {one.what}: {one.why_not}" for one in self.removed if one.why_not is not None]
        return found + [f"    {count:,} stay: {reason}" for reason, count in sorted(self.stays.items())]
