"""The overview says the newest of each score, and of mature cohorts only what has happened."""

import datetime as dt

import factories_page
import pytest

from scoring.catalog import load_catalog
from scoring.page.overview import Overview, overview
from scoring.page.reading import reading

LAST = dt.date(2025, 12, 31)
NOW = dt.datetime(2025, 12, 31, 13, tzinfo=dt.UTC)


@pytest.fixture
def shown(database_url: str) -> Overview:
    """The overview of a hundred days of five scores."""
    factories_page.fill(database_url, days=100, last=LAST)
    with reading(database_url) as connection:
        return overview(connection, load_catalog("page_definitions"), NOW)


def test_each_score_has_a_line_with_its_newest_publication(shown: Overview) -> None:
    assert [line.score for line in shown.scores] == ["churn", "fraud", "spend", "upsell", "visits"]
    churn = shown.scores[0]
    assert churn.published is not None
    assert (churn.published.as_of, churn.published.customers) == (LAST, 30100)
    assert churn.published.received == (
        churn.published.accepted + churn.published.quarantined + churn.published.duplicates
    )
    assert churn.freshness.word == "up to date"


def test_realised_figures_are_those_of_the_newest_mature_cohort(shown: Overview) -> None:
    for line in shown.scores:
        assert line.realised is not None
        assert line.estimated is not None
        assert line.realised.as_of == LAST - dt.timedelta(days=factories_page.HORIZON)
        assert line.estimated.as_of == LAST
        assert line.realised.metric == line.verdict.headline
