"""What counts as left undone, case by case."""

import datetime as dt

import pytest

from scoring.reconcile.findings import (
    EndpointSeen,
    Finding,
    PublicationSeen,
    SnapshotSeen,
    to_wake,
    undelivered,
    unfinished,
    unpublished,
)

NOW = dt.datetime(2024, 8, 1, 12, tzinfo=dt.UTC)
MAY, JUNE, JULY = dt.date(2024, 5, 31), dt.date(2024, 6, 30), dt.date(2024, 7, 31)


def ago(hours: float) -> dt.datetime:
    return NOW - dt.timedelta(hours=hours)


def snapshot(as_of: dt.date, number: int, hours: float = 2) -> SnapshotSeen:
    return SnapshotSeen("shop", as_of, number, ago(hours))


def publication(as_of: dt.date, snapshot_id: int, state: str = "published", hours: float = 2) -> PublicationSeen:
    return PublicationSeen(snapshot_id * 10, "leaving", as_of, snapshot_id, state, ago(hours))


def endpoint(**changes) -> EndpointSeen:
    nothing = EndpointSeen("crm_webhook", "enabled", None, None, None, None, None, None, 0, None)
    return nothing._replace(**changes)


UNPUBLISHED = {
    "all is published": ([snapshot(JUNE, 1)], [publication(JUNE, 1)], True, []),
    "a snapshot came while nobody listened": (
        [snapshot(JUNE, 1), snapshot(JULY, 2)], [publication(JUNE, 1)], True, [("not published", JULY, False)],
    ),
    "an older gap counts too": (
        [snapshot(MAY, 1), snapshot(JUNE, 2), snapshot(JULY, 3)], [publication(MAY, 1), publication(JULY, 3)], True,
        [("not published", JUNE, False)],
    ),
    "before the first publication is for training": (
        [snapshot(MAY, 1), snapshot(JUNE, 2)], [publication(JUNE, 2)], True, [],
    ),
    "it is too early to say": (
        [snapshot(JUNE, 1), snapshot(JULY, 2, hours=0.9)], [publication(JUNE, 1)], True, [],
    ),
    "an hour is long enough": (
        [snapshot(JUNE, 1), snapshot(JULY, 2, hours=1)], [publication(JUNE, 1)], True,
        [("not published", JULY, False)],
    ),
    "woken for six hours in vain": (
        [snapshot(JUNE, 1), snapshot(JULY, 2, hours=6)], [publication(JUNE, 1)], True, [("not published", JULY, True)],
    ),
    "published from an earlier snapshot": (
        [snapshot(JUNE, 2)], [publication(JUNE, 1)], True, [("outdated", JUNE, False)],
    ),
    "begun: another rule's matter": (
        [snapshot(JUNE, 1), snapshot(JULY, 2)], [publication(JUNE, 1), publication(JULY, 2, "open")], True, [],
    ),
    "dropped on purpose": ([snapshot(JUNE, 1)], [publication(JUNE, 1, "dropped")], True, []),
    "dropped, and a new snapshot since": (
        [snapshot(JUNE, 2)], [publication(JUNE, 1, "dropped")], True, [("not published", JUNE, False)],
    ),
    "never published: the newest snapshot alone": (
        [snapshot(JULY, 3), snapshot(MAY, 1), snapshot(JUNE, 2)], [], True, [("not published", JULY, False)],
    ),
    "never published and no champion": ([snapshot(JUNE, 1)], [], False, [("never published", None, False)]),
    "no champion, but too early to say": ([snapshot(JUNE, 1, hours=0.5)], [], False, []),
    "nothing at all": ([], [], False, []),
}  # fmt: skip


@pytest.mark.parametrize(
    ("snapshots", "publications", "has_champion", "expected"), UNPUBLISHED.values(), ids=UNPUBLISHED.keys()
)
def test_unpublished(snapshots, publications, has_champion, expected):
    found = list(unpublished("leaving", snapshots, publications, has_champion=has_champion, now=NOW))
    assert [(one.kind, one.wake_data_set and one.wake_data_set[1], one.needs_person) for one in found] == expected


UNFINISHED = {
    "open for three hours": ([publication(JUNE, 1, "open", hours=3)], 1),
    "it may still be running": ([publication(JUNE, 1, "open", hours=2.9)], 0),
    "published since, by another champion": (
        [publication(JUNE, 1, "open", hours=5), publication(JUNE, 1, hours=4)], 0,
    ),
    "begun after something was published": (
        [publication(JUNE, 1, hours=5), publication(JUNE, 1, "open", hours=4)], 1,
    ),
    "of a snapshot that is not current": ([publication(JUNE, 7, "open", hours=5)], 0),
    "published": ([publication(JUNE, 1, hours=5)], 0),
}  # fmt: skip


@pytest.mark.parametrize(("publications", "expected"), UNFINISHED.values(), ids=UNFINISHED.keys())
def test_unfinished(publications, expected):
    found = list(unfinished([snapshot(JUNE, 1)], publications, NOW))
    assert [one.needs_person for one in found] == [True] * expected


WAITING = {"waiting_score": "leaving", "waiting_as_of": JUNE}
SOON, LATER, TOMORROW = ago(-0.5), ago(-2), ago(-24)
UNDELIVERED = {
    "nothing waits": (endpoint(), []),
    "the sweep is about to come": (endpoint(waiting_since=ago(0.9), **WAITING), []),
    "nobody packed it for an hour": (endpoint(waiting_since=ago(1), **WAITING), [("not told", False, True)]),
    "nobody packed it for six hours": (endpoint(waiting_since=ago(6), **WAITING), [("not told", True, True)]),
    "the CRM is away": (endpoint(pending_since=ago(2)), [("not told", False, False)]),
    "the CRM has been away for long": (endpoint(pending_since=ago(6)), [("not told", True, False)]),
    "held for half an hour more": (
        endpoint(waiting_since=ago(2), held_until=SOON, **WAITING), [("not told", False, False)],
    ),
    "held for hours": (endpoint(pending_since=ago(0.1), held_until=LATER), [("endpoint held", False, False)]),
    "held for a day": (endpoint(pending_since=ago(0.1), held_until=TOMORROW), [("endpoint held", True, False)]),
    "held, but nothing waits": (endpoint(held_until=TOMORROW), []),
    "disabled": (
        endpoint(state="disabled", disabled_because="410 Gone", waiting_since=ago(9), **WAITING),
        [("endpoint disabled", True, False)],
    ),
    "given up": (endpoint(dead=3, dead_since=ago(30)), [("dead deliveries", True, False)]),
    "given up, and disabled": (
        endpoint(dead=3, state="disabled", disabled_because="410 Gone"),
        [("dead deliveries", True, False), ("endpoint disabled", True, False)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), UNDELIVERED.values(), ids=UNDELIVERED.keys())
def test_undelivered(seen, expected):
    found = list(undelivered(seen, NOW))
    assert [(one.kind, one.needs_person, one.wake_score == ("leaving", JUNE)) for one in found] == expected


def test_a_partition_that_several_scores_miss_is_woken_once_and_the_oldest_first():
    def finding(as_of):
        return Finding("not published", "", None, "", wake_data_set=("shop", as_of))

    assert to_wake([finding(JULY), finding(MAY), finding(JULY)], "data_set") == {"shop": [MAY, JULY]}
    assert to_wake([finding(JULY)], "score") == {}


def test_a_finding_reads_as_what_since_and_remedy():
    (found,) = undelivered(endpoint(dead=3, dead_since=ago(30)), NOW)
    assert str(found).startswith(
        "dead deliveries since 2024-07-31 06:00 UTC: 3 deliveries to crm_webhook were given up"
    )
    assert " Remedy: `scoring delivery list" in str(found)
