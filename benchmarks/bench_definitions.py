"""The benchmark's own data set and score: 20 numbers about each customer, derived from the sample's columns."""

import datetime as dt
from typing import Any

from scoring.domain.dataset import Column, DataSet, ParquetSource
from scoring.domain.horizon import Horizon
from scoring.domain.score import Band, ChangeRule, Score, Target

KEY = "customer_id"

# The model is trained on the real sample at TRAINED and what it showed at SHOWN. FIRST is the synthetic customers'
# first publication; what is measured are those of the months after it.
TRAINED, SHOWN, FIRST = dt.date(2005, 5, 31), dt.date(2005, 6, 30), dt.date(2005, 7, 31)

# As the sample has them: whole numbers first, then amounts in NT$.
WHOLE = ("sex", "age", "education", "marriage", "repayment_status", "previous_repayment_status", "worst_status")
AMOUNTS = ("credit_limit", "bill", "payment", "previous_bill", "previous_payment")

# Computed from the former by synthetic.derived().
DERIVED = (
    "utilisation",
    "previous_utilisation",
    "payment_share",
    "previous_payment_share",
    "bill_change",
    "payment_change",
    "headroom",
    "headroom_share",
)

FEATURES = WHOLE + AMOUNTS + DERIVED
TREES = 100


def _classifier() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    # Without early stopping there are always as many trees as said.
    return HistGradientBoostingClassifier(max_iter=TREES, early_stopping=False, random_state=0)


CUSTOMERS = DataSet(
    name="bench_customers",
    title="Synthetic customers",
    key=KEY,
    columns=(
        Column(name=KEY, type="text"),
        *(Column(name=name, type="integer") for name in WHOLE),
        *(Column(name=name, type="number") for name in AMOUNTS + DERIVED),
    ),
    source=ParquetSource(path="bench_customers_{as_of}.parquet"),
)

RISK = Score(
    name="bench_risk",
    title="Delinquency risk of synthetic customers",
    data_set=CUSTOMERS.name,
    kind="classification",
    features=FEATURES,
    target=Target(column="repayment_status", horizon=Horizon(months=1), at_least=2),
    estimator=_classifier,
    trusted_types=("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",),
    points=1000,
    bands=(
        Band(name="A", upper=0.05),
        Band(name="B", upper=0.15),
        Band(name="C", upper=0.30),
        Band(name="D", upper=0.60),
        Band(name="E", upper=1.0),
    ),
    change=ChangeRule(band=True, points=50),
)
