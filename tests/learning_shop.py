"""The shop whose model of leaving is trained by the clock and on request, and put in charge by a person only."""

import datetime as dt

import shop_definitions
from shop_definitions import SPENDING  # noqa: F401 - a definition of this installation

from scoring.domain.learning import Learning, PromotionPolicy

SHOP = shop_definitions.SHOP.model_copy(update={"first_as_of": dt.date(2024, 5, 31)})
LEAVING = shop_definitions.LEAVING.model_copy(
    update={
        "learning": Learning(
            schedule="0 8 L * *",
            on_request=True,
            promotion=PromotionPolicy(
                by="person", answer_within=dt.timedelta(seconds=5), most_shift=1, most_band_changes=1, slower=1000
            ),
        )
    }
)
