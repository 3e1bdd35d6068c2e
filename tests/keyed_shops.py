"""Customers with an integer key, and customers with a key of two columns."""

from typing import Any

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.horizon import Horizon
from scoring.domain.score import ChangeRule, Score, Target
from scoring.domain.streams import KafkaStream

AMOUNT = Column(name="spend", type="number")
RULE = ChangeRule(absolute=100)
OUTCOME = Target(column="paid", source=CsvSource(path="paid_{as_of}.csv"), horizon=Horizon(months=1))


def _regressor() -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


NUMBERED = DataSet(
    name="numbered",
    title="Customers with a number",
    key="customer",
    columns=(Column(name="customer", type="integer"), AMOUNT),
    source=CsvSource(path="numbered_{as_of}.csv"),
    stream=KafkaStream(topic="numbered"),
    quarantine_limit=0.5,
)
BRANCHED = DataSet(
    name="branched",
    title="Accounts of branches",
    key=("branch", "account"),
    columns=(Column(name="account", type="integer"), AMOUNT, Column(name="branch", type="text")),
    source=CsvSource(path="branched_{as_of}.csv"),
    stream=KafkaStream(topic="branched"),
    quarantine_limit=0.5,
)

NUMBERED_SPENDING = Score(
    name="numbered_spending", title="Spend", data_set="numbered", kind="regression", features=("spend",),
    target=OUTCOME, estimator=_regressor, change=RULE,
)  # fmt: skip
BRANCHED_SPENDING = NUMBERED_SPENDING.model_copy(update={"name": "branched_spending", "data_set": "branched"})
