"""A year of daily partitions is read through indexes: no query of the page goes through a whole big table."""

import datetime as dt

import factories_page
from factories_plans import collected_plans, scanned

from scoring.catalog import load_catalog
from scoring.database import Connection
from scoring.page import about, cohort, distribution, drift, migration, overview, partitions, trend
from scoring.page.reading import reading

LAST = dt.date(2025, 12, 31)
NOW = dt.datetime(2025, 12, 31, 13, tzinfo=dt.UTC)
BIG = {"metric", "calibration", "drift", "profile_counts", "profile_bins", "band_migration", "delivery", "outbox"}
CATALOG = load_catalog("page_definitions")


def ask(connection: Connection) -> None:
    """Every query of the page."""
    overview.overview(connection, CATALOG, NOW)
    seen = partitions.look(connection, "churn")
    about.about(connection, CATALOG, CATALOG.scores["churn"], seen, NOW)
    trend.trend(connection, seen, "roc_auc")
    drift.drift(connection, seen, "training")
    distribution.distribution(connection, seen)
    cohort.cohort(connection, seen)
    migration.migration(connection, seen.publication_ids[-1])
    partitions.lineage(connection, seen.publication_ids[-1])
    partitions.arms(connection, seen.publication_ids[-1])


def test_no_query_of_the_page_goes_through_a_big_table(database_url: str) -> None:
    factories_page.fill(database_url, days=365, last=LAST)
    with reading(database_url) as connection, collected_plans(connection) as plans:
        ask(connection)
    assert plans, "no plan was seen"
    assert not BIG & scanned(plans)
