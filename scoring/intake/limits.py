"""When a partition is stopped, and how many of its refused rows are kept: pure rules."""

from collections.abc import Sequence

from scoring.intake.expectations.findings import TableFinding
from scoring.intake.shares import share_of

# The sample kept when too many rows are refused: the first rows, up to this many breaches together, and the first rows
# that break each rule.
SAMPLE_BREACHES = 5_000
SAMPLE_ROWS_PER_RULE = 20


def most_refused(quarantine_limit: float, received: int) -> int:
    """The number of rows that may be quarantined before the partition is stopped."""
    return int(share_of(quarantine_limit, received))


def keeps_all(refused: int, breaches: int, most: int | None) -> bool:
    """Whether every refused row is kept with its values.

    Parameters
    ----------
    refused
        Rows refused.
    breaches
        Pairs of a row and a rule that it breaks.
    most
        How many rows may be quarantined; None to keep all in any case.
    """
    return most is None or refused <= most or breaches <= SAMPLE_BREACHES


def reason_to_stop(
    quarantine_limit: float, table: Sequence[TableFinding], *, received: int, quarantined: int
) -> str | None:
    """Why the partition must not become visible, in a sentence or two, or None.

    Parameters
    ----------
    quarantine_limit
        The share of received rows (0-1) that may be quarantined.
    table
        The table rules that do not hold.
    received, quarantined
        Counts of rows.
    """
    reasons = []
    most = most_refused(quarantine_limit, received)
    if quarantined > most:
        reasons.append(
            f"{quarantined} of {received} rows ({quarantined / received:.2%}) are quarantined; "
            f"the limit is {quarantine_limit:.2%}, at most {most}."
        )
    critical = [finding for finding in table if finding.severity == "critical"]
    if critical:
        reasons.append("; ".join(f"{finding.rule} does not hold: {finding.observed}" for finding in critical) + ".")
    return " ".join(reasons) or None
