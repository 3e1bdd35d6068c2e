"""The tutorial way: read_sql, predict_proba, to_sql, each with pandas' own defaults; changes are found by a merge."""

import pandas as pd
import skops.io
from bench_definitions import FEATURES, KEY, RISK
from measure import Measured, answer
from sqlalchemy import create_engine

TOLD = "SELECT customer_id, points, band FROM scoring.announcement WHERE score = %(score)s"


def tutorial(url: str, model: str) -> Measured:
    """Score table ``customers`` into the indexed table ``customer_score`` and count whom the CRM has to be told."""
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
    with measured.phase("changes"):
        told = pd.read_sql(TOLD, engine, params={"score": RISK.name})
        both = result.merge(told, on=KEY, how="left", suffixes=("", "_told"))
        moved = (both["points"] - both["points_told"]).abs() >= RISK.change.points
        measured.changed = int((moved | (both["band"] != both["band_told"])).sum())
    measured.rows = len(result)
    return measured


if __name__ == "__main__":
    answer(tutorial)
