"""The data set of the benchmark of drift: 50 columns, numbers but for five categories, and a score of all of them."""

import datetime as dt
from typing import Any

from scoring.domain.dataset import Column, DataSet, ParquetSource
from scoring.domain.score import ChangeRule, Score, Target

TRAINED, BEFORE, NOW = dt.date(2005, 5, 31), dt.date(2005, 6, 30), dt.date(2005, 7, 31)
KEY = "customer_id"
WORDS = ("a", "b", "c", "d", "e", "f")
NUMBERS = tuple(f"number_{place:02}" for place in range(45))
CATEGORIES = tuple(f"category_{place}" for place in range(5))


def _regressor() -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=100, early_stopping=False, random_state=0)


WIDE = DataSet(
    name="bench_wide",
    title="Synthetic customers with 50 columns",
    key=KEY,
    columns=(
        Column(name=KEY, type="text"),
        *(Column(name=name, type="number", nullable=True) for name in NUMBERS),
        *(Column(name=name, type="category", values=WORDS) for name in CATEGORIES),
    ),
    source=ParquetSource(path="bench_wide_{as_of}.parquet"),
)

SPEND = Score(
    name="bench_spend",
    title="Spend of synthetic customers",
    data_set=WIDE.name,
    kind="regression",
    features=NUMBERS + CATEGORIES,
    target=Target(column=NUMBERS[0]),
    estimator=_regressor,
    trusted_types=("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",),
    change=ChangeRule(relative=0.25),
)
