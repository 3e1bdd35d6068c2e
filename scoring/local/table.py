"""The final table of ``run``: one line per partition and score, and the sums of events and requests."""

import datetime as dt
from collections.abc import Iterable, Mapping

from rich.box import SIMPLE_HEAD
from rich.table import Table

from scoring.local.results import Result

Key = tuple[dt.date, str]

SHORT = 10
WIDTH = 124
TEXT = ("as of", "score", "checksum")
COLUMNS = (
    "as of",
    "score",
    "model\nversion",
    "received",
    "accepted",
    "quaran-\ntined",
    "dupli-\ncates",
    "scored",
    "changed",
    "events\ndelivered",
    "requests",
    "seconds",
    "checksum",
)


def summary(
    keys: Iterable[Key], before: Mapping[Key, Result], after: Mapping[Key, Result], seconds: Mapping[Key, float]
) -> Table:
    """The final table, one line for each of ``keys``.

    Events and requests are those of this run; ``changed`` is what publishing found, perhaps in an earlier run.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_footer=True)
    delivered = requests = 0
    rows = []
    for key in keys:
        now, then = after[key], before.get(key)
        told, asked = new_events(now, then), new_requests(now, then)
        delivered, requests = delivered + told, requests + asked
        counts = (now.received, now.accepted, now.quarantined, now.duplicates, now.rows, now.changed, told, asked)
        shown = [f"{count:,}" for count in counts]
        start = [now.as_of.isoformat(), now.score, now.model_version]
        rows.append([*start, *shown, f"{seconds[key]:.1f}", now.checksum[:SHORT]])
    footers = {"events\ndelivered": f"{delivered:,}", "requests": f"{requests:,}"}
    for name in COLUMNS:
        table.add_column(name, footers.get(name, ""), justify="left" if name in TEXT else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def new_events(now: Result, then: Result | None) -> int:
    """Events of a publication that were delivered since ``then``."""
    return now.events - (then.events if then and then.publication_id == now.publication_id else 0)


def new_requests(now: Result, then: Result | None) -> int:
    """Requests for a publication since ``then``."""
    return now.requests - (then.requests if then and then.publication_id == now.publication_id else 0)
