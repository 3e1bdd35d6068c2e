"""The shop day by day and week by week, by the clocks of Madrid: what customers spend is known seven days later."""

import datetime as dt

import shop_definitions

from scoring.domain.history import History
from scoring.domain.horizon import Horizon

SHOP = shop_definitions.SHOP.model_copy(
    update={"schedule": "30 2 * * *", "time_zone": "Europe/Madrid", "first_as_of": dt.date(2024, 2, 20)}
)

# The champion gives the first feature: what the customer had spent the day before.
SPENDING = shop_definitions.SPENDING.model_copy(
    update={
        "features": ("spend_before_1", "visits"),
        "history": (History(column="spend", periods=(1,), default=5.0),),
        "target": shop_definitions.SPENDING.target.model_copy(update={"horizon": Horizon(days=7)}),
    }
)
