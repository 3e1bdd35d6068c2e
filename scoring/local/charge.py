"""Who is in charge and why, for the end of ``run``."""

from collections.abc import Iterable, Iterator

from scoring.database import Connection
from scoring.domain.score import Score
from scoring.learning import gates
from scoring.models import ledger


def in_charge(connection: Connection, scores: Iterable[Score]) -> list[str]:
    """A few lines for each score: the version in charge with the reason, and what the gate has refused since."""
    with connection:
        return [line for score in scores for line in _of(connection, score)]


def _of(connection: Connection, score: Score) -> Iterator[str]:
    row = ledger.in_charge(connection, score.model_name)
    if row is None:
        return
    instead = f" in place of version {row.from_version}" if row.from_version else ""
    yield f"  {score.name}: version {row.model_version}{instead}, by {row.promoted_by}: {row.reason}"
    verdict = gates.newest_of(connection, score.model_name)
    if verdict is not None and verdict.challenger != row.model_version and not verdict.passed:
        failed = [check.said for check in gates.checks_of(connection, verdict.gate_id) if not check.passed]
        yield f"    version {verdict.challenger} was refused: {'; '.join(failed)}"
