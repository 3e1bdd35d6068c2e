"""The tutorial way: read_sql, predict_proba, to_sql, each with pandas' own defaults. It finds no changes."""

import pandas as pd
import skops.io
from bench_definitions import FEATURES, KEY, RISK
from measure import Measured, answer
from sqlalchemy import create_engine


def tutorial(url: str, model: str) -> Measured:
    """Score table ``customers`` into the indexed table ``customer_score``."""
    measured = Measured()
    with measured.phase("model"):
        estimator = skops.io.load(model, trusted=list(RISK.trusted_types))
    with measured.phase("read_sql"):
        engine = create_engine(url)
        customers = pd.read_sql("SELECT * FROM customers", engine)
    with measured.phase("predict"):
        probability = estimator.predict_proba(customers[list(FEATURES)])[:, 1]
        uppers = [band.upper for band in RISK.bands]
        result = pd.DataFrame(
            {
                "publication_id": 1,
                "value": probability,
                "points": (probability * 1000).round().astype(int),
                "band": pd.cut(probability, [0, *uppers], labels=[band.name for band in RISK.bands]).astype(str),
                "arm": "champion",
                "model_version": 1,
            },
            index=customers[KEY],
        )
    with measured.phase("to_sql"):
        result.to_sql("customer_score", engine, if_exists="append")
    measured.rows = len(result)
    return measured


if __name__ == "__main__":
    answer(tutorial)
