"""What a million predictions cost: the estimators of each family beside their accelerated predictors, in CPU seconds.

``.venv/bin/python benchmarks/predict.py`` renews its section of docs/benchmarks.md.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import numpy as np
import pandas as pd
import report
from sections import measured, renew, table
from threadpoolctl import threadpool_limits

from scoring.models.accelerated.predictor import Accelerated

ROWS, FEATURES, TREES, LEAVES, LEARNED = 1_000_000, 20, 100, 31, 50_000
AT_ONCE = 50_000  # rows, as the pipeline predicts
HEADINGS = ("estimator", "own, CPU s", "accelerated, CPU s", "times as fast", "made in, s", "largest difference")


def estimators() -> Iterator[tuple[str, Any]]:
    """Unfitted estimators of the same size, one thread each."""
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
    from xgboost import XGBClassifier

    leaves = {"max_leaf_nodes": LEAVES}
    yield "HistGradientBoosting", HistGradientBoostingClassifier(max_iter=TREES, early_stopping=False, **leaves)
    yield "RandomForest", RandomForestClassifier(TREES, **leaves)
    yield "RandomForest, 1,000 leaves", RandomForestClassifier(TREES, max_leaf_nodes=1000)
    yield "ExtraTrees", ExtraTreesClassifier(TREES, **leaves)
    yield "LightGBM", LGBMClassifier(n_estimators=TREES, num_leaves=LEAVES, n_jobs=1, verbose=-1)
    yield (
        "XGBoost",
        XGBClassifier(n_estimators=TREES, max_leaves=LEAVES, grow_policy="lossguide", max_depth=0, n_jobs=1),
    )


def customers() -> tuple[pd.DataFrame, np.ndarray]:
    """Made-up numbers, 1 % of them missing, and outcomes of shape (ROWS,)."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, FEATURES))
    rows[random.random(rows.shape) < 0.01] = np.nan  # noqa: PLR2004 - one per cent
    known = np.nan_to_num(rows)
    outcome = known[:, 0] + known[:, 1] * known[:, 2] + random.normal(size=ROWS) > 0
    return pd.DataFrame(rows, columns=[f"f{number}" for number in range(FEATURES)], copy=False), outcome


def timed(predict: Callable[[pd.DataFrame], Any], rows: pd.DataFrame) -> tuple[float, np.ndarray]:
    """CPU seconds, and the predictions."""
    began = time.process_time()
    found = [predict(rows.iloc[first : first + AT_ONCE]) for first in range(0, len(rows), AT_ONCE)]
    return time.process_time() - began, np.concatenate(found).astype(np.float64)


def lines(rows: pd.DataFrame, outcome: np.ndarray) -> Iterator[tuple[str, ...]]:
    """A line for each estimator, in the columns HEADINGS."""
    for name, estimator in estimators():
        estimator.fit(rows.head(LEARNED), outcome[:LEARNED])
        own, said = timed(lambda piece, made=estimator: made.predict_proba(piece)[:, 1], rows)
        began = time.perf_counter()
        accelerated = Accelerated.of(estimator)
        made = time.perf_counter() - began
        ours, found = timed(accelerated.predict, rows)
        apart = float(np.abs(found - said).max())
        yield name, f"{own:.2f}", f"{ours:.2f}", f"{own / ours:.1f}", f"{made:.2f}", f"{apart:g}"


def main() -> None:
    """Measure, print, and renew the section of docs/benchmarks.md."""
    made_on, found = report.machine(), []
    with threadpool_limits(1):
        for line in lines(*customers()):
            print(" | ".join(line), flush=True)
            found.append(line)
    renew("benchmarks.md", "predict", "make bench", [table(HEADINGS, found), measured("make bench", made_on)])


if __name__ == "__main__":
    main()
