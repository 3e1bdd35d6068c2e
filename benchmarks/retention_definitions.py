"""A small data set with two scores, published every day for two years: see simulate_retention.py."""

from typing import Any

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.horizon import Horizon
from scoring.domain.score import Band, ChangeRule, Score, Target

NUMBERS = tuple(f"n{place}" for place in range(9))

DAILY = DataSet(
    name="daily_customers",
    title="Customers of every day",
    key="customer_id",
    columns=(
        Column(name="customer_id", type="text"),
        Column(name="plan", type="category", values=("free", "paid")),
        *(Column(name=name, type="number") for name in NUMBERS),
    ),
    source=CsvSource(path="daily_customers_{as_of}.csv"),
)


def _classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def _regressor() -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


LEAVES = Score(
    name="daily_leaves",
    title="Probability of leaving",
    data_set=DAILY.name,
    kind="classification",
    features=NUMBERS,
    target=Target(column="n8", horizon=Horizon(days=30), at_least=0.5),
    estimator=_classifier,
    points=1000,
    bands=(Band(name="low", upper=0.3), Band(name="mid", upper=0.7), Band(name="high", upper=1.0)),
    change=ChangeRule(band=True, points=100),
)

SPENDS = Score(
    name="daily_spends",
    title="Spend",
    data_set=DAILY.name,
    kind="regression",
    features=NUMBERS,
    target=Target(column="n0", horizon=Horizon(days=30)),
    estimator=_regressor,
    change=ChangeRule(relative=0.5, absolute=1.0, announce_first_load=True),
)

SCORES = (LEAVES, SPENDS)
