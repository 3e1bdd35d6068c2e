"""The shop that tells nobody what another version of the model says of the customers."""

import shop_definitions
from shop_definitions import LEAVING, SHOP  # noqa: F401 - definitions of this installation

SPENDING = shop_definitions.SPENDING.model_copy(
    update={"change": shop_definitions.SPENDING.change.model_copy(update={"after_promotion": "quiet"})}
)
