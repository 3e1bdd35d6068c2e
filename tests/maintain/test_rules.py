"""What may go, and why the rest stays: the tables of the rules."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.maintain.rules import (
    CohortSeen,
    Keep,
    Needs,
    PublicationSeen,
    SnapshotSeen,
    VersionSeen,
    cutoff,
    outcomes_stay,
    publication_stays,
    snapshot_stays,
    version_stays,
)

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
KEEP = Keep(
    publications=100, newest=3, superseded=10, snapshots=50, quarantine=1, events=1, deliveries=1, attempts=1,
    outcomes=200, model_runs=30, versions=2, alerts=1, api_requests=1, streams=1,
)  # fmt: skip
NEEDS = Needs(dt.date(2026, 5, 31), cohorts=7)


def ago(days, seconds=0):
    return NOW - dt.timedelta(days=days, seconds=seconds)


SEEN = PublicationSeen(
    publication_id=1, score="risk", as_of=dt.date(2025, 1, 1), state="published", since=ago(100, 1), newer=3,
    overtaken=False, undelivered=False, waits=False, experiment=False, cohorts_after=7, teaches=False, legal_hold=None,
    rows=10, bytes=100,
)  # fmt: skip
OPEN = replace(SEEN, state="open", since=ago(10, 1), overtaken=True, newer=0, cohorts_after=None)
SUPERSEDED = replace(OPEN, state="superseded", overtaken=False)

PUBLICATIONS = [
    # What readers saw, in the order in which the reasons are asked for.
    (SEEN, {}, None),
    (SEEN, {"cohorts_after": None}, None),  # without any outcome
    (SEEN, {"legal_hold": 7, "undelivered": True}, "legal hold 7"),
    (SEEN, {"undelivered": True}, "the CRM is not told of it yet"),
    (SEEN, {"experiment": True}, "a running experiment reads it"),
    (SEEN, {"newer": 2}, "one of the 3 newest of its score"),
    (SEEN, {"since": ago(100)}, "younger than 100 days"),
    (SEEN, {"since": ago(10, 1)}, "younger than 100 days"),
    (SEEN, {"waits": True}, "a person must decide whether the CRM is told"),
    (SEEN, {"cohorts_after": 6}, "a training looks at it"),
    (SEEN, {"teaches": True}, "estimates are learned from it"),
    # What nobody sees goes sooner, and neither its age among the newest nor its outcomes count.
    (SUPERSEDED, {}, None),
    (SUPERSEDED, {"since": ago(10)}, "younger than 10 days"),
    (SUPERSEDED, {"undelivered": True}, "the CRM is not told of it yet"),
    (SUPERSEDED, {"legal_hold": 1}, "legal hold 1"),
    (SUPERSEDED, {"experiment": True}, "a running experiment reads it"),
    # Begun and never finished.
    (OPEN, {}, None),
    (OPEN, {"overtaken": False}, "it may still be finished"),
    (OPEN, {"since": ago(10)}, "younger than 10 days"),
    (OPEN, {"overtaken": False, "legal_hold": 1}, "legal hold 1"),
]


@pytest.mark.parametrize(("one", "changes", "reason"), PUBLICATIONS)
def test_what_stays_of_publications_and_why(one, changes, reason):
    assert publication_stays(replace(one, **changes), NEEDS, KEEP, NOW) == reason


OUTCOMES = [
    (Needs(dt.date(2026, 5, 31), 7), None),
    (Needs(dt.date(2026, 6, 1), 7), "its outcomes may still come"),  # on the last day, too
    (Needs(dt.date(2026, 6, 2), 7), "its outcomes may still come"),
    (Needs(None, 7), "its score is not defined here"),
]


@pytest.mark.parametrize(("needs", "reason"), OUTCOMES)
def test_a_cohort_stays_until_its_outcomes_can_come_no_more(needs, reason):
    assert publication_stays(SEEN, needs, KEEP, NOW) == reason


FILE = SnapshotSeen(
    snapshot_id=1, data_set="cards", as_of=dt.date(2025, 1, 1), state="current", since=ago(50, 1), used=0, newer=3,
    model=None, shows_outcomes=False, defined=True, legal_hold=None,
)  # fmt: skip
OLD_FILE = replace(FILE, state="superseded", since=ago(10, 1), newer=0)

SNAPSHOTS = [
    (FILE, {}, None),
    (FILE, {"state": "stopped"}, None),
    (FILE, {"legal_hold": 2, "used": 1}, "legal hold 2"),
    (FILE, {"defined": False}, "what is defined of its data set is not known"),
    (FILE, {"used": 1}, "passports of publications need it"),
    (FILE, {"model": "risk version 3"}, "risk version 3 learned from it"),
    (FILE, {"shows_outcomes": True}, "it shows outcomes that are not collected yet"),
    (FILE, {"newer": 2}, "one of the 3 newest of its data set"),
    (FILE, {"since": ago(50)}, "younger than 50 days"),
    (OLD_FILE, {}, None),
    (OLD_FILE, {"since": ago(10)}, "younger than 10 days"),
    (OLD_FILE, {"shows_outcomes": True}, None),  # the current one of its date shows them
    (OLD_FILE, {"model": "risk version 3"}, "risk version 3 learned from it"),
    (OLD_FILE, {"used": 1}, "passports of publications need it"),
]


@pytest.mark.parametrize(("one", "changes", "reason"), SNAPSHOTS)
def test_what_stays_of_snapshot_files_and_why(one, changes, reason):
    assert snapshot_stays(replace(one, **changes), KEEP, NOW) == reason


def test_a_superseded_file_is_never_kept_for_longer_than_a_current_one():
    keep = replace(KEEP, snapshots=5)
    assert snapshot_stays(replace(OLD_FILE, since=ago(5, 1)), keep, NOW) is None
    assert snapshot_stays(replace(OLD_FILE, since=ago(5)), keep, NOW) == "younger than 5 days"


VERSIONS = [
    (VersionSeen("risk", 1, ago(30, 1), 2), None),
    (VersionSeen("risk", 1, ago(30), 2), "younger than 30 days"),
    (VersionSeen("risk", 1, ago(99), 1), "one of the 2 newest of its model"),
    (VersionSeen("risk", 9, ago(99), 2), "publications, promotions or experiments refer to it"),
    (VersionSeen("other", 9, ago(99), 2), None),
]


@pytest.mark.parametrize(("one", "reason"), VERSIONS)
def test_what_stays_of_model_versions_and_why(one, reason):
    assert version_stays(one, KEEP, NOW, referred={("risk", 9), ("other", 1)}) == reason


COHORTS = [
    ({}, None),
    ({"newest": ago(200)}, "younger than 200 days"),
    ({"used": True}, "its publication is kept"),
    ({"legal_hold": 3, "used": True}, "legal hold 3"),
]


@pytest.mark.parametrize(("changes", "reason"), COHORTS)
def test_outcomes_stay_as_long_as_the_publication_that_they_are_about(changes, reason):
    one = CohortSeen("risk", dt.date(2024, 1, 1), ago(200, 1), rows=5, used=False, legal_hold=None)
    assert outcomes_stay(replace(one, **changes), KEEP, NOW) == reason


def test_names_a_version_as_messages_do():
    assert str(VersionSeen("risk", 4, NOW, 0)) == "risk version 4"


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_to_keep_longer_never_removes_more(days, more):
    seen = replace(SEEN, since=ago(1000))
    if publication_stays(seen, NEEDS, replace(KEEP, publications=days), NOW):
        assert publication_stays(seen, NEEDS, replace(KEEP, publications=days + more), NOW)
    assert cutoff(days + more, NOW) < cutoff(days, NOW)
