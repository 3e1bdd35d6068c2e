"""Who went from which band to which since the publication before."""

from collections import Counter

from factories import JULY, JUNE, query
from factories_monitoring import monitored, month, shoppers
from shop_definitions import SPENDING

from scoring.monitoring.migration import count_migration


def migration(settings):
    found = query(settings, "SELECT previous_band, band, customers FROM scoring.band_migration")
    return {(row.previous_band, row.band): row.customers for row in found}


def bands(settings, as_of):
    found = query(settings, "SELECT customer_id, band FROM scoring.published_score WHERE as_of = %s", as_of)
    return {row.customer_id: row.band for row in found}


def test_customers_of_both_publications_are_counted_by_their_bands_once(shop):
    month(shop, rows=shoppers(60, 1), later=None)
    month(shop, JULY, rows=shoppers(70, 2)[5:], later=None)
    monitored(shop, as_of=JULY)
    before, now = bands(shop, JUNE), bands(shop, JULY)
    expected = Counter((before[one], now[one]) for one in before.keys() & now.keys())
    assert migration(shop) == dict(expected)
    assert sum(expected.values()) == 55
    monitored(shop, as_of=JULY)
    assert migration(shop) == dict(expected)


def test_a_first_publication_and_a_score_without_bands_have_no_migration(shop):
    month(shop, rows=shoppers(20, 1), later=None)
    monitored(shop)
    for as_of in (JUNE, JULY):
        month(shop, as_of, rows=shoppers(20, 1), later=None, score=SPENDING)
        count_migration(shop, SPENDING, as_of)
    assert migration(shop) == {}
