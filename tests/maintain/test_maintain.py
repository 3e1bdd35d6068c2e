"""What is old and not needed leaves; what is needed stays; a run that is killed is finished by the next."""

import datetime as dt
from pathlib import Path

import pytest
from factories import query, value
from factories_maintain import DAYS, LITTLE, NOW
from shop_definitions import LEAVING, SPENDING

from scoring.errors import NotFound
from scoring.maintain.maintain import maintain
from scoring.publishing.passport import passport, recompute


def part(done, kind):
    (found,) = [one for one in done.parts if one.kind == kind]
    return found


def visible(settings):
    return value(settings, "SELECT count(DISTINCT (score, as_of)) FROM scoring.published_score")


def test_old_publications_and_snapshots_leave_and_the_newest_stay(days):
    before = query(days, "SELECT score, as_of, rows, checksum, changed FROM scoring.publication ORDER BY 1, 2")
    done = maintain(days, LITTLE, NOW)
    assert (part(done, "publications").things, part(done, "snapshot files").things) == (12, 6)
    assert visible(days) == 4
    assert len(list(Path(days.lake).rglob("*.parquet"))) == 2
    assert query(days, "SELECT score, as_of, rows, checksum, changed FROM scoring.publication ORDER BY 1, 2") == before
    for score in (LEAVING, SPENDING):
        found = passport(days, score.name, "c0001")
        assert recompute(days, found) == pytest.approx(found.row.value, rel=1e-9)
    with pytest.raises(NotFound, match=r"was retired at .*: its 10 rows are gone"):
        passport(days, "leaving", "c0001", DAYS[0])


def test_a_dry_run_says_the_same_and_removes_nothing(days):
    said = maintain(days, LITTLE, NOW, dry_run=True)
    assert visible(days) == 16
    assert len(list(Path(days.lake).rglob("*.parquet"))) == 8
    assert value(days, "SELECT count(*) FROM scoring.retirement") == 0
    done = maintain(days, LITTLE, NOW)
    assert [one.what for one in part(said, "publications").removed] == [
        one.what for one in part(done, "publications").removed
    ]


def test_a_second_run_finds_nothing(days):
    maintain(days, LITTLE, NOW)
    records = query(days, "SELECT * FROM scoring.retirement ORDER BY 1")
    again = maintain(days, LITTLE, NOW)
    assert again.removed == 0
    assert query(days, "SELECT * FROM scoring.retirement ORDER BY 1") == records
    assert all(record.done_at for record in records)


def test_what_is_young_stays(days):
    assert maintain(days, LITTLE, dt.datetime.now(dt.UTC)).removed == 0
