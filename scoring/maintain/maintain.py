"""Removes what is old and not needed, once through the whole installation; each step can be killed and run again."""

import datetime as dt
from dataclasses import dataclass

from scoring.catalog import load_catalog
from scoring.maintain import models, publications, retirement, snapshots, streams, told
from scoring.maintain.report import Part, Removed
from scoring.maintain.rules import Keep, Run
from scoring.reports.place import ReportsRoot
from scoring.settings import KeepSettings, Settings

REPORTS = "reports"


@dataclass(frozen=True)
class Maintained:
    """What left, and what stays for which reason, by kind of thing; with ``dry_run`` nothing was removed."""

    parts: list[Part]
    dry_run: bool

    @property
    def removed(self) -> int:
        """How many things, or kinds of rows, left."""
        return sum(part.things for part in self.parts)

    @property
    def waiting(self) -> int:
        """How many could not leave in this run."""
        return sum(one.why_not is not None for part in self.parts for one in part.removed)


def maintain(settings: Settings, keep: KeepSettings, now: dt.datetime, *, dry_run: bool = False) -> Maintained:
    """Remove what is older than ``keep`` says at ``now`` (aware) and not needed; with ``dry_run`` only say what.

    In the order in which things refer to each other: publications, then the model versions and snapshots that only they
    needed; deliveries before their events. While a definition file has a mistake, model versions and snapshots stay:
    what its scores need of them is not known.

    Raises
    ------
    TransientError
        If the database, MLflow or the lake cannot be used at the moment, or another run is at it.
    """
    from scoring.models.shelf import Shelf  # takes seconds

    url, run = settings.database(), Run(Keep(**keep.model_dump()), now, dry_run)
    catalog = load_catalog(settings.definitions)
    with retirement.alone(url):
        shelf = Shelf(settings.mlflow_tracking_uri.get_secret_value())
        rows = publications.retire(url, catalog, run)
        found = models.look(settings, shelf, catalog, run)
        if not dry_run:
            models.remove(settings, shelf, found)
        parts = [
            rows,
            *found.parts,
            snapshots.remove_files(settings, catalog, found.learned, run),
            snapshots.remove_quarantined(url, catalog, run),
            snapshots.sweep_strays(settings, run),
            *told.remove_told(url, run),
            told.remove_outcomes(url, catalog, run),
            *streams.remove_streamed(url, catalog, run),
            _reports(settings, [*catalog.scores, *catalog.data_sets], now, dry_run=dry_run),
        ]
    return Maintained(parts, dry_run)


def _reports(settings: Settings, names: list[str], now: dt.datetime, *, dry_run: bool) -> Part:
    """Remove reports beyond the newest dates, also of scores that are not monitored any more."""
    part, root = Part(REPORTS), ReportsRoot(settings.reports_root)
    for name in sorted(set(names)):
        old = sorted({page.as_of for page in root.kept(name)}, reverse=True)[settings.reports_kept :]
        if not dry_run:
            old = root.forget_old(name, settings.reports_kept, now)
        part.removed += [Removed(f"reports of {name} {as_of}", 0) for as_of in old]
    return part
