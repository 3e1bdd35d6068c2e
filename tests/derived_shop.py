"""The shop whose scores have features that are not delivered: one looks back, one has a function of its own."""

import datetime as dt

import pandas as pd
import shop_definitions

from scoring.domain.dataset import Column
from scoring.domain.history import History
from scoring.domain.transform import Transform

SHOP = shop_definitions.SHOP.model_copy(update={"schedule": "0 6 L * *", "first_as_of": dt.date(2024, 4, 30)})

WEIGHT = 2.0


def calmness(frame: pd.DataFrame) -> pd.DataFrame:
    calm = frame["mood"] / WEIGHT
    return pd.DataFrame({"calm": calm, "angry": calm < 0})


CALM = Transform(
    function=calmness,
    uses=("mood",),
    produces=(Column(name="calm", type="number"), Column(name="angry", type="boolean")),
)

LEAVING = shop_definitions.LEAVING.model_copy(
    update={"features": ("calm", "angry", "visits"), "transform": CALM, "streamed": False}
)

# The champion of the tests gives its first feature: the spend of the date before, 0 of whoever was not there.
SPENDING = shop_definitions.SPENDING.model_copy(
    update={
        "features": ("spend_before_1", "spend_mean_2", "spend_count_2"),
        "history": (History(column="spend", periods=(1,), aggregates=("mean", "count"), within=2, default=0.0),),
    }
)
