"""A made-up data set with two scores: every type of column, and models whose output a test can choose by the input."""

from typing import Any

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.score import Band, ChangeRule, Score, Target

SHOP = DataSet(
    name="shop",
    title="Customers of a shop",
    key="customer_id",
    columns=(
        Column(name="customer_id", type="text"),
        Column(name="spend", type="number"),
        Column(name="mood", type="number"),
        Column(name="visits", type="integer"),
        Column(name="plan", type="category", values=("free", "paid")),
        Column(name="active", type="boolean", nullable=True),
        Column(name="balance", type="decimal", precision=12, scale=2, nullable=True),
        Column(name="joined", type="date", nullable=True),
    ),
    source=CsvSource(path="shop_{as_of}.csv", null_values=("", "NA")),
    quarantine_limit=0.1,
)


def _classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def _regressor() -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


# The champions of the tests give 1 / (1 + exp(-mood)) and spend exactly.
LEAVING = Score(
    name="leaving",
    title="Probability of no visit next month",
    data_set="shop",
    kind="classification",
    features=("mood", "visits", "plan"),
    target=Target(column="visits", at_least=5),
    estimator=_classifier,
    points=1000,
    bands=(Band(name="low", upper=0.3), Band(name="mid", upper=0.7), Band(name="high", upper=1.0)),
    change=ChangeRule(band=True, points=50),
)

SPENDING = Score(
    name="spending",
    title="Spend next month",
    data_set="shop",
    kind="regression",
    features=("spend", "visits"),
    target=Target(column="spend"),
    estimator=_regressor,
    minimum=0.0,
    change=ChangeRule(relative=0.1, absolute=10.0, announce_first_load=True),
)
