"""Credit card customers: the sample, 30,000 real customers of a bank in 2005 (see sample_data/README.md)."""

import datetime as dt
from typing import Any

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.horizon import Horizon
from scoring.domain.learning import Learning, PromotionPolicy
from scoring.domain.reasons import Reasons, ReasonText
from scoring.domain.score import Band, ChangeRule, Score, Target

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
)

FEATURES = tuple(name for name in CREDIT_CARDS.column_names if name != CREDIT_CARDS.key)

# skops asks for trust in the one private class of these estimators that it has no list entry for.
HIST_GRADIENT_BOOSTING = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)


# What people read if a feature pushed the score up, or down. Sex, age and marriage are in the model: a bank of 2005.
RISK_TEXTS = {
    "credit_limit": ReasonText(up="The credit limit is low.", down="The credit limit is high."),
    "sex": ReasonText(up="Sex, as recorded.", down="Sex, as recorded."),
    "age": ReasonText(
        up="Customers of this age are behind more often.", down="Customers of this age are behind less often."
    ),
    "education": ReasonText(up="Education, as recorded.", down="Education, as recorded."),
    "marriage": ReasonText(up="Marital status, as recorded.", down="Marital status, as recorded."),
    "repayment_status": ReasonText(up="Repayments are behind.", down="Repayments are on time."),
    "bill": ReasonText(up="The size of this month's bill.", down="The size of this month's bill."),
    "payment": ReasonText(up="Little was paid this month.", down="Enough was paid this month."),
    "previous_repayment_status": ReasonText(
        up="Repayments were behind a month ago.", down="Repayments were on time a month ago."
    ),
    "previous_bill": ReasonText(up="The size of last month's bill.", down="The size of last month's bill."),
    "previous_payment": ReasonText(up="Little was paid last month.", down="Enough was paid last month."),
}
PAYMENT_TEXTS = {
    "credit_limit": ReasonText(up="The credit limit is high.", down="The credit limit is low."),
    "bill": ReasonText(up="This month's bill is high.", down="This month's bill is low."),
    "payment": ReasonText(up="Much was paid this month.", down="Little was paid this month."),
    "repayment_status": ReasonText(up="Bills are paid in full.", down="Bills are not paid in full."),
    "previous_bill": ReasonText(up="Last month's bill was high.", down="Last month's bill was low."),
    "previous_payment": ReasonText(up="Much was paid last month.", down="Little was paid last month."),
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
    trusted_types=HIST_GRADIENT_BOOSTING,
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
    trusted_types=HIST_GRADIENT_BOOSTING,
    minimum=0.0,
    change=ChangeRule(relative=0.25, absolute=1000.0),
    learning=QUARTERLY,
    reasons=Reasons(count=3, texts=PAYMENT_TEXTS),
)
