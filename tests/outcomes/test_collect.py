"""Outcomes are taken in whole and once; each row is recorded, unchanged, refused with its reason, or a repetition."""

import datetime as dt

from factories import JULY, JUNE, query
from factories_outcomes import cohort, known_of, month_later
from shop_definitions import SPENDING

from scoring.outcomes.collect import collect


def counts(collected):
    return (
        collected.received, collected.recorded, collected.unchanged, collected.quarantined, collected.duplicates,
        collected.others,
    )  # fmt: skip


def test_a_later_snapshot_tells_what_happened_to_the_cohort_and_to_nobody_else(shop):
    cohort(shop, 10)
    month_later(shop, {number: 10.0 * number for number in reversed(range(5, 15))})
    collected = collect(shop, SPENDING, JUNE)
    assert counts(collected) == (5, 5, 0, 0, 0, 5)
    assert not collected.found
    assert known_of(shop) == {f"c{number:04d}": 10.0 * number for number in range(5, 10)}
    midnight = dt.datetime.combine(JULY, dt.time.min, dt.UTC)
    assert query(shop, "SELECT DISTINCT observed_at, origin FROM scoring.outcome") == [(midnight, "system")]
