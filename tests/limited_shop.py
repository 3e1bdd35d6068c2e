"""The shop whose spending may change for half of the customers; more than that must be confirmed by a person."""

import datetime as dt

import shop_definitions
from shop_definitions import LEAVING  # noqa: F401 - a definition of this installation

from scoring.domain.monitoring import Monitoring

SHOP = shop_definitions.SHOP.model_copy(update={"schedule": "0 6 L * *", "owner": "warehouse"})
SPENDING = shop_definitions.SPENDING.model_copy(
    update={"owner": "sales", "monitoring": Monitoring(most_changed=0.5), "deadline": dt.timedelta(hours=12)}
)
