"""Customers with 600 columns, as marketing departments have them."""

from typing import Any

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.score import ChangeRule, Score, Target

NUMBERS = tuple(f"number_{place:03d}" for place in range(400))
INTEGERS = tuple(f"count_{place:03d}" for place in range(150))
CATEGORIES = tuple(f"kind_{place:02d}" for place in range(49))

WIDE = DataSet(
    name="wide",
    title="Customers with 600 columns",
    key="customer_id",
    columns=(
        Column(name="customer_id", type="text"),
        *(Column(name=name, type="number", nullable=name.endswith("9")) for name in NUMBERS),
        *(Column(name=name, type="integer") for name in INTEGERS),
        *(Column(name=name, type="category", values=("a", "b", "c")) for name in CATEGORIES),
    ),
    source=CsvSource(path="wide_{as_of}.csv"),
)


def _regressor() -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


WIDE_SPENDING = Score(
    name="wide_spending",
    title="Spend",
    data_set="wide",
    kind="regression",
    features=tuple(name for name in (*NUMBERS, *INTEGERS, *CATEGORIES) if not name.endswith("9")),
    target=Target(column="number_000"),
    estimator=_regressor,
    change=ChangeRule(absolute=100),
)
