"""The scores of the sample, each without and with reasons that are stored."""

from scoring.definitions.credit_cards import CREDIT_CARDS, DELINQUENCY_RISK, NEXT_PAYMENT
from scoring.domain.reasons import Reasons

CUSTOMERS = CREDIT_CARDS

RISK = DELINQUENCY_RISK.model_copy(update={"name": "risk", "reasons": None})
RISK_EXPLAINED = RISK.model_copy(update={"name": "risk_explained", "reasons": Reasons(stored=True)})
PAYMENT = NEXT_PAYMENT.model_copy(update={"name": "payment", "reasons": None})
PAYMENT_EXPLAINED = PAYMENT.model_copy(update={"name": "payment_explained", "reasons": Reasons(stored=True)})
