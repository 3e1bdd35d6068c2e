"""Collects the errors of a source while it is read: one finding of each kind, ten kinds at most."""

from scoring.errors import Finding, SourceError

MAX_KINDS = 10


class Findings:
    """Findings about one source. A kind is a column and a reason; the first finding of a kind is kept."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._kinds: dict[tuple[str | None, str], Finding] = {}

    def __bool__(self) -> bool:
        return bool(self._kinds)

    @property
    def full(self) -> bool:
        """Whether there are as many kinds as one error may name."""
        return len(self._kinds) >= MAX_KINDS

    def add(self, reason: str, finding: Finding) -> None:
        """Keep a finding, unless there is already one of its kind or there are enough."""
        if not self.full:
            self._kinds.setdefault((finding.column, reason), finding)

    def error(self) -> SourceError:
        """All findings as one error, in the order of the rows."""
        first, *further = sorted(self._kinds.values(), key=lambda found: found.row or 0)
        return SourceError(
            self.source, first.problem, first.remedy, row=first.row, column=first.column, further=further
        )
