"""Outcomes that nobody collected and publications that nobody monitored, case by case."""

import datetime as dt

import pytest

from scoring.domain.horizon import Horizon
from scoring.reconcile.findings import PublicationSeen, SnapshotSeen
from scoring.reconcile.watching import uncollected, unmonitored

NOW = dt.datetime(2024, 9, 1, 12, tzinfo=dt.UTC)
MAY, JUNE, JULY, AUGUST = (dt.date(2024, month, day) for month, day in ((5, 31), (6, 30), (7, 31), (8, 31)))


def snapshot(as_of: dt.date, hours: float = 2) -> SnapshotSeen:
    return SnapshotSeen("shop", as_of, as_of.month, NOW - dt.timedelta(hours=hours))


def publication(as_of: dt.date, state: str = "published", hours: float = 2) -> PublicationSeen:
    return PublicationSeen(as_of.month * 10, "leaving", as_of, as_of.month, state, NOW - dt.timedelta(hours=hours))


UNCOLLECTED = {
    "all is collected": ([snapshot(JULY)], [publication(JUNE)], [JUNE], []),
    "nothing shows what happened yet": ([snapshot(JUNE)], [publication(JUNE)], [], []),
    "nobody collected it": ([snapshot(JULY)], [publication(JUNE)], [], [(JULY, False)]),
    "it is too early to say": ([snapshot(JULY, 0.9)], [publication(JUNE)], [], []),
    "an hour is long enough": ([snapshot(JULY, 1)], [publication(JUNE)], [], [(JULY, False)]),
    "woken for six hours in vain": ([snapshot(JULY, 6)], [publication(JUNE)], [], [(JULY, True)]),
    "of the first cohort nothing is known yet, of the second it is": (
        [snapshot(AUGUST)], [publication(JUNE), publication(JULY)], [], [(AUGUST, False)],
    ),
    "not published": ([snapshot(JULY)], [publication(JUNE, "open"), publication(JUNE, "dropped")], [], []),
    "several": (
        [snapshot(JUNE), snapshot(JULY), snapshot(AUGUST)],
        [publication(JULY), publication(MAY), publication(JUNE)],
        [JUNE],
        [(JUNE, False), (AUGUST, False)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("snapshots", "publications", "collected", "expected"), UNCOLLECTED.values(), ids=UNCOLLECTED)
def test_outcomes_that_a_snapshot_shows_and_nobody_collected(snapshots, publications, collected, expected):
    found = list(uncollected("leaving", Horizon(months=1), snapshots, publications, collected=collected, now=NOW))
    assert [(one.wake_data_set, one.needs_person) for one in found] == [
        (("shop", as_of), person) for as_of, person in expected
    ]
    for one in found:
        assert one.kind == "not collected"
        assert one.what.startswith("The outcomes of leaving at 2024-0")
        assert f"snapshot {one.wake_data_set[1].month} shows them" in one.what
        assert one.since == next(seen.since for seen in snapshots if seen.as_of == one.wake_data_set[1])
        assert one.remedy == (
            "see whether the DAG collect_outcomes_shop is paused or fails, or trigger it for that cohort."
            if one.needs_person
            else "the DAG reconcile wakes collect_outcomes_shop."
        )


UNMONITORED = {
    "all is monitored": ([publication(JUNE), publication(JULY)], [60, 70], []),
    "nobody monitored the newest": ([publication(JULY), publication(JUNE)], [60], [(JULY, False)]),
    "an older gap counts too": ([publication(MAY), publication(JUNE), publication(JULY)], [50, 70], [(JUNE, False)]),
    "before the first monitored one": ([publication(MAY), publication(JUNE)], [60], []),
    "none was ever monitored": ([publication(MAY), publication(JULY), publication(JUNE)], [], [(JULY, False)]),
    "nothing is published": ([publication(MAY, "open"), publication(JUNE, "superseded")], [], []),
    "it is too early to say": ([publication(JUNE, hours=0.9)], [], []),
    "an hour is long enough": ([publication(JUNE, hours=1)], [], [(JUNE, False)]),
    "woken for six hours in vain": ([publication(JUNE, hours=6)], [], [(JUNE, True)]),
    "superseded by one that is not monitored": (
        [publication(JUNE, "superseded"), publication(JULY)], [60], [(JULY, False)],
    ),
    "the newest is that of the newest date, not the one that was published last": (
        [publication(JUNE), publication(MAY)._replace(publication_id=90)], [], [(JUNE, False)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("publications", "monitored", "expected"), UNMONITORED.values(), ids=UNMONITORED)
def test_publications_that_nobody_monitored(publications, monitored, expected):
    found = list(unmonitored("leaving", publications, monitored=monitored, now=NOW))
    assert [(one.wake_score, one.needs_person) for one in found] == [
        (("leaving", as_of), person) for as_of, person in expected
    ]
    for one in found:
        as_of = one.wake_score[1]
        assert one.kind == "not monitored"
        assert one.what == f"leaving at {as_of} is published and was never monitored."
        assert one.since == next(seen.since for seen in publications if seen.as_of == as_of)
        assert one.remedy == (
            f"see whether the DAG monitor_leaving is paused or fails, or trigger it for {as_of}."
            if one.needs_person
            else "the DAG reconcile wakes monitor_leaving."
        )
