"""The shop that tells of at most three customers a minute what another version of the model says of them."""

import shop_definitions
from shop_definitions import LEAVING, SHOP  # noqa: F401 - definitions of this installation

from scoring.domain.monitoring import Monitoring

PER_MINUTE = 3
SPENDING = shop_definitions.SPENDING.model_copy(
    update={
        "change": shop_definitions.SPENDING.change.model_copy(update={"per_minute_after_promotion": PER_MINUTE}),
        "monitoring": Monitoring(most_changed=0.5),
    }
)
