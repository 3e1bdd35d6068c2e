"""The derived shop after somebody has changed the function of a score."""

import derived_shop
import pandas as pd
from derived_shop import SHOP, SPENDING  # noqa: F401 - definitions of this installation

from scoring.domain.transform import Transform


def calmness(frame: pd.DataFrame) -> pd.DataFrame:
    calm = frame["mood"] / 4.0
    return pd.DataFrame({"calm": calm, "angry": calm < 0})


OTHER = Transform(function=calmness, uses=derived_shop.CALM.uses, produces=derived_shop.CALM.produces)
LEAVING = derived_shop.LEAVING.model_copy(update={"transform": OTHER})
