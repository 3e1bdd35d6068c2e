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
    "published again from the same snapshot, by another model": (
        [snapshot(JUNE, 1)], [publication(JUNE, 1, "superseded"), publication(JUNE, 1)], True, [],
    ),
    "an earlier snapshot is current again": (
        [snapshot(JUNE, 1)], [publication(JUNE, 1, "superseded"), publication(JUNE, 2)], True,
        [("outdated", JUNE, False)],
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
    "held for an hour": (endpoint(pending_since=ago(0.1), held_until=ago(-1)), [("endpoint held", False, False)]),
    "held for six hours": (endpoint(pending_since=ago(0.1), held_until=ago(-6)), [("endpoint held", True, False)]),
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
    woken = {True: ("leaving", JUNE), False: None}
    assert [(one.kind, one.needs_person, one.wake_score) for one in found] == [
        (kind, needs_person, woken[wakes]) for kind, needs_person, wakes in expected
    ]


def test_a_partition_that_several_scores_miss_is_woken_once_and_the_oldest_first():
    def finding(as_of):
        return Finding("not published", "", None, "", wake_data_set=("shop", as_of))

    assert to_wake([finding(JULY), finding(MAY), finding(JULY)], "data_set") == {"shop": [MAY, JULY]}
    assert to_wake([finding(JULY)], "score") == {}


def of(found):
    (one,) = found
    return str(one)


def july_is_missing(hours: float) -> str:
    snapshots = [snapshot(JUNE, 1), snapshot(JULY, 2, hours=hours)]
    return of(unpublished("leaving", snapshots, [publication(JUNE, 1)], has_champion=True, now=NOW))


SAID = {
    "not published": (
        lambda: july_is_missing(hours=2),
        (
            "not published since 2024-08-01 10:00 UTC: "
            "leaving at 2024-07-31 is not published, though snapshot 2 is there. "
            "Remedy: the DAG reconcile wakes score_leaving."
        ),
    ),
    "not published for long": (
        lambda: july_is_missing(hours=6),
        (
            "not published since 2024-08-01 06:00 UTC: "
            "leaving at 2024-07-31 is not published, though snapshot 2 is there. "
            "Remedy: see whether the DAG score_leaving is paused or fails; unpause it, or trigger it for 2024-07-31."
        ),
    ),
    "outdated": (
        lambda: of(unpublished("leaving", [snapshot(JUNE, 2)], [publication(JUNE, 1)], has_champion=True, now=NOW)),
        (
            "outdated since 2024-08-01 10:00 UTC: "
            "leaving at 2024-06-30 is published from another snapshot than the current 2. "
            "Remedy: the DAG reconcile wakes score_leaving."
        ),
    ),
    "never published": (
        lambda: of(unpublished("leaving", [snapshot(JUNE, 1, hours=1)], [], has_champion=False, now=NOW)),
        (
            "never published since 2024-08-01 11:00 UTC: "
            "leaving has no champion and no publication, but a snapshot of 2024-06-30. "
            "Remedy: train its first model (`scoring train leaving --as-of <date>`)."
        ),
    ),
    "not finished": (
        lambda: of(unfinished([snapshot(JUNE, 1)], [publication(JUNE, 1, "open", hours=3)], NOW)),
        (
            "not finished since 2024-08-01 09:00 UTC: "
            "Publication 10 of leaving at 2024-06-30 was begun and not finished. "
            "Remedy: clear the failed task of score_leaving, or trigger it for 2024-06-30; done work is kept."
        ),
    ),
    "dead deliveries": (
        lambda: of(undelivered(endpoint(dead=3, dead_since=ago(30)), NOW)),
        (
            "dead deliveries since 2024-07-31 06:00 UTC: 3 deliveries to crm_webhook were given up. "
            "Remedy: `scoring delivery list --endpoint crm_webhook --state dead` shows the last answers; then "
            "`scoring delivery replay --endpoint crm_webhook`."
        ),
    ),
    "endpoint disabled": (
        lambda: of(undelivered(endpoint(state="disabled", disabled_because="410 Gone", pending_since=ago(1)), NOW)),
        (
            "endpoint disabled since 2024-08-01 11:00 UTC: Nothing is sent to crm_webhook: 410 Gone. "
            "Remedy: when it takes requests again: `scoring endpoint enable crm_webhook`. What waits is kept."
        ),
    ),
    "endpoint disabled, and nothing waits": (
        lambda: of(undelivered(endpoint(state="disabled", disabled_because="410 Gone"), NOW)),
        (
            "endpoint disabled: Nothing is sent to crm_webhook: 410 Gone. "
            "Remedy: when it takes requests again: `scoring endpoint enable crm_webhook`. What waits is kept."
        ),
    ),
    "endpoint held": (
        lambda: of(undelivered(endpoint(pending_since=ago(2), held_until=ago(-1)), NOW)),
        (
            "endpoint held since 2024-08-01 10:00 UTC: crm_webhook asked for no requests before 2024-08-01 13:00 UTC. "
            "Remedy: it goes on by itself then; `scoring endpoint enable crm_webhook` sends at once."
        ),
    ),
    "not told": (
        lambda: of(undelivered(endpoint(pending_since=ago(2)), NOW)),
        (
            "not told since 2024-08-01 10:00 UTC: Score changes wait for crm_webhook. "
            "Remedy: sweep_crm tries again every five minutes."
        ),
    ),
    "not told for long": (
        lambda: of(undelivered(endpoint(pending_since=ago(6)), NOW)),
        (
            "not told since 2024-08-01 06:00 UTC: Score changes wait for crm_webhook. "
            "Remedy: see whether the DAGs notify_crm and sweep_crm are paused or fail; "
            "`scoring delivery list --endpoint crm_webhook` has the last answers."
        ),
    ),
}


@pytest.mark.parametrize(("say", "said"), SAID.values(), ids=SAID)
def test_a_finding_reads_as_what_since_and_remedy(say, said):
    assert say() == said
