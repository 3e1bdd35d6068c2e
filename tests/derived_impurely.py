"""The shop with a score whose transform compares customers with each other, which it must not."""

import derived_shop
import pandas as pd

from scoring.domain.dataset import Column
from scoring.domain.transform import Transform

SHOP = derived_shop.SHOP


def rank(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"rank": frame["visits"].rank(method="first")})


LEAVING = derived_shop.LEAVING.model_copy(
    update={
        "features": ("rank",),
        "transform": Transform(function=rank, uses=("visits",), produces=(Column(name="rank", type="number"),)),
    }
)
