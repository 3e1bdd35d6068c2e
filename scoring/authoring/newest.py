"""Which partition of a source of files is the newest that is there."""

import datetime as dt
import re
from pathlib import Path

from scoring.domain.dataset import DataSet
from scoring.domain.files import Files, means_many
from scoring.errors import ScoringError, SourceNotReady
from scoring.intake.sources.listing import Place, complete, listed
from scoring.intake.sources.location import filled, is_url, resolve

PLACE = "{as_of}"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def newest_of(data_set: DataSet, inbox: str) -> dt.date | None:
    """The newest date for which a local file is there, or for which many are there and complete.

    None if there is none, or the source is of another kind.
    """
    source = data_set.source
    if not isinstance(source, Files) or PLACE not in source.path or is_url(resolve(source.path, dt.date.min, inbox)):
        return None
    path, root = source.path, Path(inbox)
    found = set[dt.date]()
    pattern = path.replace(PLACE, "????-??-??")
    places = Path("/").glob(pattern.lstrip("/")) if Path(path).is_absolute() else root.glob(pattern)
    for place in places:
        date = _date_of(str(place if Path(path).is_absolute() else place.relative_to(root)), path)
        if date is not None:
            found.add(date)
    return next((date for date in sorted(found, reverse=True) if _is_there(source, date, inbox)), None)


def _is_there(source: Files, date: dt.date, inbox: str) -> bool:
    place = Place(resolve(source.path, date, inbox), filled(source.wait_for, date), filled(source.manifest, date))
    try:
        (listed if means_many(place.location) else complete)(place)
    except SourceNotReady:
        return False
    except ScoringError:
        return True  # reading it says what is wrong
    return True


def _date_of(place: str, path: str) -> dt.date | None:
    """The date in a path that the pattern matches, where the pattern has its first one."""
    found = _DATE.search(place, path.index(PLACE) if "*" not in path.partition(PLACE)[0] else 0)
    try:
        return dt.date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None
