"""The peer that people write first: FastAPI and scikit-learn on the same model. No key, no rules, no metrics."""

import os
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from fastapi import FastAPI

from scoring.definitions.credit_cards import DELINQUENCY_RISK

model = skops.io.load(os.environ["BARE_MODEL"], trusted=list(DELINQUENCY_RISK.trusted_types))
app = FastAPI()


@app.post("/score")
def score(records: list[dict[str, Any]]) -> list[float]:
    """Probabilities of records that hold the features in the model's order."""
    frame = pd.DataFrame(records, columns=list(DELINQUENCY_RISK.features), dtype=np.float64)
    return [float(one) for one in model.predict_proba(frame)[:, 1]]
