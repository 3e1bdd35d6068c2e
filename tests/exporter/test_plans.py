"""What Prometheus asks costs the same however much was scored and told before."""

import datetime as dt

from factories_plans import collected_plans, scanned

from scoring.catalog import load_catalog
from scoring.exporter.observed import observe
from scoring.page.reading import reading

BIG = {"outbox", "event", "delivery", "attempt", "announcement", "outcome", "streamed_score", "customer_update"}


def test_no_query_of_the_exporter_goes_through_a_big_table(busy):
    catalog = load_catalog("shop_definitions")
    with reading(busy) as connection, collected_plans(connection) as plans:
        observe(connection, catalog, dt.datetime.now(dt.UTC))
    assert plans
    assert not BIG & scanned(plans)
    assert not {name for name in scanned(plans) if name.startswith("score_")}
