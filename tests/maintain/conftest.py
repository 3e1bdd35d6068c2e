"""Shops of many days."""

import pytest
from factories import customers, published, snapshot_of
from factories_maintain import DAYS, all_told
from shop_definitions import LEAVING, SPENDING

from scoring.settings import Settings


@pytest.fixture
def days(shop: Settings) -> Settings:
    """A shop whose two scores are published at eight dates, with different customers; nothing waits for the CRM."""
    for number, as_of in enumerate(DAYS):
        snapshot_of(shop, customers(10 + number), as_of)
        for score in (LEAVING, SPENDING):
            published(shop, score, as_of)
    all_told(shop)
    return shop
