"""What people wait for or were not told, case by case."""

import datetime as dt

import pytest

from scoring.domain.calendar import last_ticks
from scoring.reconcile.findings import EndpointSeen, PublicationSeen, undelivered
from scoring.reconcile.people import AlertsSeen, ErasureSeen, HoldSeen, overdue, undecided, unforgotten, untold

NOW = dt.datetime(2024, 8, 1, 12, tzinfo=dt.UTC)
MAY, JUNE, JULY = dt.date(2024, 5, 31), dt.date(2024, 6, 30), dt.date(2024, 7, 31)
HOUR = dt.timedelta(hours=1)
TICKS = {as_of: dt.datetime.combine(as_of, dt.time(6), dt.UTC) for as_of in (JULY, JUNE, MAY)}  # July's is 30 hours ago


def published(as_of, state="published"):
    return PublicationSeen(1, "spending", as_of, 1, state, NOW)


OVERDUE = {
    "all is published": ([published(MAY), published(JUNE), published(JULY)], 12, []),
    "the newest is late": ([published(MAY), published(JUNE)], 12, [JULY]),
    "just at its deadline": ([published(MAY), published(JUNE)], 30, [JULY]),
    "its deadline is to come": ([published(MAY), published(JUNE)], 30.5, []),
    "an older one is late": ([published(MAY), published(JULY)], 12, [JUNE]),
    "before the first publication is a backfill": ([published(JULY)], 12, []),
    "begun is not published": ([published(JUNE), published(JULY, "open")], 12, [JULY]),
    "superseded was published": ([published(JUNE), published(JULY, "superseded")], 12, []),
    "dropped on purpose": ([published(JUNE), published(JULY, "dropped")], 12, []),
    "never published: the newest alone": ([], 12, [JULY]),
    "never published and only begun": ([published(MAY, "open")], 12, [JULY]),
    "never published, and the newest has time": ([], 31, [JUNE]),
}  # fmt: skip


@pytest.mark.parametrize(("publications", "hours", "expected"), OVERDUE.values(), ids=OVERDUE.keys())
def test_overdue(publications, hours, expected):
    found = list(overdue("spending", "sales", deadline=hours * HOUR, ticks=TICKS, publications=publications, now=NOW))
    assert [one.fact.key for one in found] == [f"spending {as_of}" for as_of in expected]
    for one in found:
        assert (one.fact.kind, one.fact.owner, one.needs_person) == ("score_overdue", "sales", True)
        assert one.fact.text == one.what


def test_what_is_overdue_says_since_when_and_where_to_look():
    (found,) = overdue("spending", "sales", deadline=12 * HOUR, ticks=TICKS, publications=[published(JUNE)], now=NOW)
    assert str(found) == (
        "overdue since 2024-07-31 18:00 UTC: "
        "spending at 2024-07-31 should have been published by 2024-07-31 18:00 UTC. "
        "Remedy: see whether its data set was taken in, and whether score_spending is paused, runs or failed; "
        "`scoring reconcile` says more."
    )
    assert (found.fact.text, found.fact.remedy) == (found.what, found.remedy)


def test_a_data_set_without_any_tick_has_nothing_overdue():
    assert list(overdue("spending", "sales", deadline=HOUR, ticks={}, publications=[], now=NOW)) == []


@pytest.mark.parametrize(("hours", "expected"), [(0.9, 0), (1, 1), (100, 1)])
def test_a_publication_that_waits_for_a_person_is_found_after_an_hour(hours, expected):
    found = list(undecided([HoldSeen("spending", JULY, 6, 10, NOW - hours * HOUR)], NOW))
    assert [(one.kind, one.needs_person) for one in found] == [("publication held", True)] * expected


SAID = (
    "not forgotten since 2024-08-01 11:00 UTC: Erasure 3 of a customer of shop, begun by ada, is not done. Remedy: "
    "whoever began it runs `scoring customer forget` for that customer again; what is done is kept."
)


@pytest.mark.parametrize(("hours", "expected"), [(0.9, []), (1, [SAID])])
def test_a_person_of_whom_something_may_be_left_is_found_after_an_hour(hours, expected):
    found = list(unforgotten([ErasureSeen(3, "shop", "ada", NOW - hours * HOUR)], NOW))
    assert [str(one) for one in found] == expected
    assert all(one.needs_person for one in found)


def test_a_held_publication_reads_as_what_since_and_remedy():
    (found,) = undecided([HoldSeen("spending", JULY, 6_000, 10_000, NOW - HOUR)], NOW)
    assert str(found) == (
        "publication held since 2024-08-01 11:00 UTC: "
        "6,000 of 10,000 customers of spending 2024-07-31 changed; the CRM is told nothing of it. "
        "Remedy: `scoring publication confirm spending 2024-07-31 --by <name>`, or `reject` in its place."
    )


UNTOLD = {
    "nothing": (AlertsSeen(0, None), []),
    "waits for the next run": (AlertsSeen(0, NOW - 0.9 * HOUR), []),
    "waits for an hour": (AlertsSeen(0, NOW - HOUR), [False]),
    "waits for long": (AlertsSeen(0, NOW - 6 * HOUR), [True]),
    "given up": (AlertsSeen(3, None), [True]),
    "given up, and others wait": (AlertsSeen(3, NOW - 2 * HOUR), [True, False]),
}


@pytest.mark.parametrize(("seen", "expected"), UNTOLD.values(), ids=UNTOLD.keys())
def test_untold(seen, expected):
    found = list(untold(seen, NOW))
    assert [one.needs_person for one in found] == expected
    assert {one.kind for one in found} <= {"alerts not told"}
    assert all(one.fact is None for one in found), "who cannot be told cannot be told of it"


def test_alerts_that_were_not_told_read_as_what_since_and_remedy():
    dead, waiting = untold(AlertsSeen(3, NOW - 2 * HOUR), NOW)
    assert str(dead) == (
        "alerts not told: 3 alerts were given up. "
        "Remedy: `scoring alert list --state dead` shows why; then `scoring alert replay`."
    )
    assert str(waiting) == (
        "alerts not told since 2024-08-01 10:00 UTC: Alerts wait for their channels. "
        "Remedy: see whether the DAG tell_people is paused or fails; `scoring alert list` has the last errors."
    )


def endpoint(**changes):
    nothing = EndpointSeen("crm_webhook", "enabled", None, None, None, None, None, None, 0, None)
    return nothing._replace(**changes)


TOLD = {
    "away for an hour": (endpoint(pending_since=NOW - 2 * HOUR), []),
    "away for long": (endpoint(pending_since=NOW - 6 * HOUR), ["crm_webhook waits since 2024-08-01"]),
    "held for hours": (
        endpoint(pending_since=NOW, held_until=NOW + 2 * HOUR), ["crm_webhook waits since 2024-08-01"],
    ),
    "disabled": (endpoint(state="disabled", disabled_because="it answered 410"), ["crm_webhook it answered 410"]),
    "given up: whoever gives up tells": (endpoint(dead=3), []),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), TOLD.values(), ids=TOLD.keys())
def test_people_are_told_what_an_endpoint_does_not_hear(seen, expected):
    found = [one for one in undelivered(seen, NOW) if one.fact]
    facts = [one.fact for one in found]
    assert [(fact.kind, fact.owner, fact.key) for fact in facts] == [
        ("endpoint_down", "scoring", key) for key in expected
    ]
    if seen.state == "enabled":
        assert [(fact.text, fact.remedy) for fact in facts] == [(one.what, one.remedy) for one in found]


@pytest.mark.parametrize(
    ("schedule", "until", "first", "last", "dates", "expected"),
    [
        ("0 6 L * *", NOW, MAY, None, 10, {as_of: TICKS[as_of] for as_of in (JULY, JUNE, MAY)}),
        ("0 6 L * *", NOW, MAY, None, 2, {as_of: TICKS[as_of] for as_of in (JULY, JUNE)}),
        ("0 6 L * *", NOW, JUNE, JUNE, 10, {JUNE: TICKS[JUNE]}),
        ("0 6 L * *", NOW, dt.date(2024, 9, 1), None, 10, {}),
        ("0 6 L * *", TICKS[JULY], JULY, None, 10, {JULY: TICKS[JULY]}),
        ("0 6 L * *", TICKS[JULY] - dt.timedelta(microseconds=1), JULY, None, 10, {}),
        ("0 6 L * *", TICKS[JULY].astimezone(dt.timezone(dt.timedelta(hours=9))), JULY, None, 1, {JULY: TICKS[JULY]}),
        (
            "30 */6 * * *", NOW, MAY, None, 2,
            {NOW.date(): NOW.replace(hour=0, minute=30), JULY: dt.datetime(2024, 7, 31, 0, 30, tzinfo=dt.UTC)},
        ),
    ],
)  # fmt: skip
def test_the_newest_dates_of_a_schedule_each_with_its_first_tick(schedule, until, *, first, last, dates, expected):
    assert last_ticks(schedule, until, first=first, last=last, dates=dates) == expected


@pytest.mark.usefixtures("in_tokyo")
def test_a_schedule_is_in_utc_wherever_the_machine_stands():
    assert last_ticks("0 6 L * *", NOW, first=JULY, last=None, dates=1) == {JULY: TICKS[JULY]}
    assert last_ticks("30 */6 * * *", NOW, first=MAY, last=None, dates=1) == {
        NOW.date(): NOW.replace(hour=0, minute=30),
    }
