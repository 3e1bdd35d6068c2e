"""The shop of the other tests with a schedule that has an end: what ``run`` works through."""

import datetime as dt

import shop_definitions
from shop_definitions import LEAVING, SPENDING

SHOP = shop_definitions.SHOP.model_copy(
    update={"schedule": "0 6 L * *", "first_as_of": dt.date(2024, 5, 31), "last_as_of": dt.date(2024, 7, 31)}
)

__all__ = ["LEAVING", "SHOP", "SPENDING"]
