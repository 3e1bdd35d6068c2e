"""Partitions by day and by week with an outcome seven days later, over a leap day and changes of the clocks."""

import datetime as dt

import pytest
from factories import customer, published, query, register, snapshot_of
from factories_outcomes import known_of

from scoring.catalog import load_catalog
from scoring.outcomes.collect import collect
from scoring.outcomes.schedule import due

DAY = dt.timedelta(days=1)
CUSTOMERS = 3


@pytest.fixture
def daily(shop, settings):
    """The shop of days, whose champion gives the first feature."""
    own = {name: getattr(settings, name) for name in ("mlflow_tracking_uri", "mlflow_artifacts")}
    given = shop.model_copy(update={"definitions": "daily_shop"} | own)
    catalog = load_catalog("daily_shop")
    catalog.raise_problems()
    register(given, catalog.score("spending"), data_set=catalog.data_set("shop"))
    return given, catalog.score("spending")


def spent(day, number):
    """What a customer had spent at a day: another amount each day."""
    return float((day - dt.date(2024, 1, 1)).days * 10 + number)


SPANS = [
    # the first day, the days between partitions, how many of them
    (dt.date(2024, 2, 24), 1, 12),  # the 29th of February
    (dt.date(2024, 3, 27), 1, 10),  # clocks go forward on the 31st of March
    (dt.date(2024, 10, 23), 1, 10),  # and back on the 27th of October
    (dt.date(2024, 2, 22), 7, 4),  # weeks: the day a week later is the next partition
]


@pytest.mark.parametrize(("first", "step", "count"), SPANS)
def test_each_cohort_looks_back_one_day_and_gets_the_outcomes_of_seven_days_later(daily, first, step, count):
    settings, score = daily
    days = [first + DAY * step * number for number in range(count)]
    collected = {}
    for day in days:
        snapshot_of(settings, [customer(number, spend=spent(day, number)) for number in range(CUSTOMERS)], day)
        published(settings, score, day)
        for as_of in due(settings, score, day, today=day):
            collect(settings, score, as_of)
            collected[as_of] = day
    assert collected == {day: day + 7 * DAY for day in days if day + 7 * DAY in days}
    for as_of in days:
        expected = {f"c{number:04d}": spent(as_of + 7 * DAY, number) for number in range(CUSTOMERS)}
        assert known_of(settings, score, as_of) == (expected if as_of in collected else {})
    scores = query(settings, "SELECT as_of, customer_id, value FROM scoring.published_score")
    assert {(row.as_of, row.customer_id): row.value for row in scores} == {
        (day, f"c{number:04d}"): spent(day - DAY, number) if day - DAY in days else 5.0
        for day in days
        for number in range(CUSTOMERS)
    }
