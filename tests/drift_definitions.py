"""The shop with a score one of whose features may be null."""

from typing import Any

from shop_definitions import SHOP, SPENDING


def _regressor() -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=1)


SHOP_AGAIN = SHOP
GAPS = SPENDING.model_copy(
    update={
        "name": "gaps",
        "features": ("spend", "active", "plan"),
        "estimator": _regressor,
    }
)
