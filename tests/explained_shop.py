"""The shop whose scores are explained."""

import shop_definitions
from shop_definitions import SHOP, SPENDING  # noqa: F401 - definitions of this installation

from scoring.domain.reasons import Reasons, ReasonText

TEXT = ReasonText(up="In a bad mood.", down="In a good mood.")
LEAVING = shop_definitions.LEAVING.model_copy(update={"reasons": Reasons(count=2, texts={"mood": TEXT}, stored=True)})
