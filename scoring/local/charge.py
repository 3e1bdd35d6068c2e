"""Who is in charge and why, for the end of ``run``."""

from collections.abc import Iterable, Iterator

from scoring.database import Connection, one
from scoring.domain.score import Score
from scoring.experiments import looks
from scoring.learning import gates
from scoring.models import experiments, ledger
from scoring.models.experiments import Experiment


def in_charge(connection: Connection, scores: Iterable[Score]) -> list[str]:
    """A few lines for each score: the version in charge with the reason, and what is tried or was refused since."""
    with connection:
        return [line for score in scores for line in _of(connection, score)]


def _of(connection: Connection, score: Score) -> Iterator[str]:
    row = ledger.in_charge(connection, score.model_name)
    if row is None:
        return
    instead = f" in place of version {row.from_version}" if row.from_version else ""
    yield f"  {score.name}: version {row.model_version}{instead}, by {row.promoted_by}: {row.reason}"
    running = experiments.running(connection, score.name)
    if running is not None:
        yield f"    {running.name} tries version {running.challenger}, because {running.reason}"
        yield f"    {_told(connection, running)}"
        return
    verdict = gates.newest_of(connection, score.model_name)
    if verdict is not None and verdict.challenger != row.model_version and not verdict.passed:
        failed = [check.said for check in gates.checks_of(connection, verdict.gate_id) if not check.passed]
        yield f"    version {verdict.challenger} was refused: {'; '.join(failed)}"


_SCORED = """
    SELECT count(*) AS customers, count(*) FILTER (WHERE s.arm = 'challenger') AS tried, max(p.as_of) AS newest
    FROM scoring.published_score s JOIN scoring.publication p USING (publication_id)
    WHERE p.publication_id = (
        SELECT a.publication_id FROM scoring.arm a JOIN scoring.publication q USING (publication_id)
        WHERE a.experiment_id = %s AND q.state = 'published' ORDER BY q.as_of DESC LIMIT 1)"""


def _told(connection: Connection, running: Experiment) -> str:
    """Whom its challenger has scored last, and what the last look said."""
    seen = looks.all_of(connection, running.experiment_id)
    found = one(connection, dict, _SCORED, (running.experiment_id,))
    scored = "it has scored nobody yet"
    if found["customers"]:
        scored = f"it has scored {found['tried']:,} of {found['customers']:,} customers of {found['newest']}"
    return f"{scored}; {seen[-1].said if seen else 'none of their outcomes is known yet'}"
