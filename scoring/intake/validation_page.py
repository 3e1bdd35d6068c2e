"""Keeps what Great Expectations says of a partition among its reports: also of one that is stopped."""

import datetime as dt
import re
from pathlib import Path

from scoring.domain.definition import digest_of
from scoring.reports.page import finished
from scoring.reports.place import ReportsRoot
from scoring.settings import Settings
from scoring.snapshots.manifest import NewSnapshot

PAGES = 1  # part of each digest: another way to make a page is another input

# Links to other files of the Data Docs: beside a page that stands alone there are none.
BESIDE = re.compile(r"""<link\b[^>]*\bhref\s*=\s*["']\.\.?/[^>]*>|\bhref\s*=\s*(["'])\.\.?/[^"']*\1""", re.IGNORECASE)


def keep_page(settings: Settings, new: NewSnapshot, title: str, page: str) -> None:
    """Keep the Data Docs page of a new snapshot, and forget those of old dates. The same snapshot is written once.

    Parameters
    ----------
    page
        Path of the page. Where the Data Docs are no folder, as their configuration may say, nothing is kept.

    Raises
    ------
    TransientError
        If the reports' root cannot be used.
    """
    if not Path(page).is_file():
        return
    root, inputs = ReportsRoot(settings.reports_root), digest_of([PAGES, new.digest, new.suite_digest])
    report = root.report(new.data_set, new.as_of, "validation")
    if root.inputs_of(report) != inputs:
        heading, facts = f"{title} at {new.as_of}", [_counts(new), *_stopped(new)]
        content = BESIDE.sub("", Path(page).read_text(encoding="utf-8"))
        root.write(report, finished(content, kind="validation", heading=heading, facts=facts, inputs=inputs))
        root.forget_old(new.data_set, settings.reports_kept, dt.datetime.now(dt.UTC))


def _counts(new: NewSnapshot) -> str:
    parts = f"{new.accepted:,} accepted + {new.quarantined:,} quarantined + {new.duplicates:,} duplicates"
    return f"Great Expectations on {new.source}: {new.received:,} rows received = {parts}."


def _stopped(new: NewSnapshot) -> list[str]:
    return [f"This partition was stopped: {new.stopped_because}"] if new.stopped_because else []
