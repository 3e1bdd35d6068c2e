"""Credit card customers: the sample, 30,000 real customers of a bank in 2005 (see sample_data/README.md)."""

import datetime as dt
from typing import Any

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.horizon import Horizon
from scoring.domain.learning import Learning, PromotionPolicy
from scoring.domain.reasons import Reasons, ReasonText
from scoring.domain.score import Band, ChangeRule, Score, Target
from scoring.domain.streams import KafkaStream

CREDIT_CARDS = DataSet(
    name="credit_cards",
    title="Credit card customers",
    description="One row per customer and statement month; amounts in New Taiwan dollars (NT$).",
    owner="risk",
    key="customer_id",
    columns=(
        Column(name="customer_id", type="text"),
        Column(name="credit_limit", type="number", description="Granted credit, NT$."),
        Column(name="sex", type="category", values=("1", "2"), description="1 male, 2 female."),
        Column(name="age", type="integer", description="Years."),
        Column(
            name="education",
            type="category",
            values=("0", "1", "2", "3", "4", "5", "6"),
            description="1 graduate school, 2 university, 3 high school, 4 others; 0, 5, 6 undocumented.",
        ),
        Column(
            name="marriage",
            type="category",
            values=("0", "1", "2", "3"),
            description="1 married, 2 single, 3 others; 0 undocumented.",
        ),
        Column(
            name="repayment_status",
            type="integer",
            description="-2 no consumption, -1 paid in full, 0 revolving credit, n = n months behind.",
        ),
        Column(name="bill", type="number", description="Amount of this month's statement, NT$; may be negative."),
        Column(name="payment", type="number", description="Amount paid this month, NT$."),
        Column(
            name="previous_repayment_status",
            type="integer",
            description="As repayment_status, a month before.",
        ),
        Column(name="previous_bill", type="number", description="As bill, a month before."),
        Column(name="previous_payment", type="number", description="As payment, a month before."),
    ),
    source=CsvSource(path="credit_cards/credit_cards_{as_of}.csv.gz"),
    duplicates="keep_last",
    quarantine_limit=0.05,
    schedule="0 6 L * *",
    first_as_of=dt.date(2005, 5, 31),
    last_as_of=dt.date(2005, 9, 30),
    stream=KafkaStream(topic="credit_cards.updates"),
)

FEATURES = tuple(name for name in CREDIT_CARDS.column_names if name != CREDIT_CARDS.key)

# What people read of a feature that pushed the score. A tree may push either way at any value, so the texts say which
# way, and do not guess from it whether the value was high or low. Sex and age are in the model: a bank of 2005.
LABELS = {
    "credit_limit": "The credit limit",
    "sex": "Sex, as recorded,",
    "age": "Age",
    "education": "Education, as recorded,",
    "marriage": "Marital status, as recorded,",
    "repayment_status": "How repayments stand",
    "bill": "This month's bill",
    "payment": "What was paid this month",
    "previous_repayment_status": "How repayments stood a month ago",
    "previous_bill": "Last month's bill",
    "previous_payment": "What was paid last month",
}
RISK_TEXTS = {
    name: ReasonText(up=f"{label} speaks for a delay.", down=f"{label} speaks against a delay.")
    for name, label in LABELS.items()
}
PAYMENT_TEXTS = {
    name: ReasonText(up=f"{label} speaks for a higher payment.", down=f"{label} speaks for a lower payment.")
    for name, label in LABELS.items()
}

# A new version each quarter: put in charge if it is surely better, or tried on half of the customers first.
QUARTERLY = Learning(schedule="0 8 L 2,5,8,11 *")
TRIED_FIRST = QUARTERLY.model_copy(update={"promotion": PromotionPolicy(by="experiment")})


def _classifier() -> Any:
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
    )  # here: a DAG file must not wait for scikit-learn

    return HistGradientBoostingClassifier(random_state=0)


def _regressor() -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(loss="absolute_error", random_state=0)


DELINQUENCY_RISK = Score(
    name="delinquency_risk",
    title="Delinquency risk",
    description="Probability that the customer is two or more months behind at the next statement.",
    owner="risk",
    data_set="credit_cards",
    kind="classification",
    features=FEATURES,
    target=Target(column="repayment_status", horizon=Horizon(months=1), at_least=2),
    estimator=_classifier,
    points=1000,
    bands=(
        Band(name="A", upper=0.05),
        Band(name="B", upper=0.15),
        Band(name="C", upper=0.30),
        Band(name="D", upper=0.60),
        Band(name="E", upper=1.0),
    ),
    change=ChangeRule(band=True, points=50),
    learning=TRIED_FIRST,
    reasons=Reasons(count=3, texts=RISK_TEXTS, stored=True),
    streamed=True,
)

NEXT_PAYMENT = Score(
    name="next_payment",
    title="Next payment",
    description="Amount that the customer will pay at the next statement, NT$.",
    owner="risk",
    data_set="credit_cards",
    kind="regression",
    features=FEATURES,
    target=Target(column="payment", horizon=Horizon(months=1)),
    estimator=_regressor,
    minimum=0.0,
    change=ChangeRule(relative=0.25, absolute=1000.0),
    learning=QUARTERLY,
    reasons=Reasons(count=3, texts=PAYMENT_TEXTS),
    streamed=True,
)
