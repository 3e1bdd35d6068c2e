"""Evidently's pages: distances between two samples, and how well values fit outcomes. Nothing is sent anywhere.

Evidently takes seconds to import, so this is done where a page is made.
"""

import os
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

NATURAL = float(np.sqrt(np.log(2)))  # Evidently's Jensen-Shannon distance is ours times this: its logarithm is natural

OUTCOME, PREDICTED = "outcome", "predicted"


@dataclass(frozen=True)
class Made:
    """A page, and Evidently's distances by column (Wasserstein in standard deviations, or Jensen-Shannon)."""

    page: str
    distances: dict[str, float]


def drift_page(reference: pd.DataFrame, current: pd.DataFrame, least: float) -> Made:
    """Distances of the columns that both samples have: float64 columns are numbers, all others categories.

    Parameters
    ----------
    least
        Jensen-Shannon distance (logarithms to base 2) from which a category is shown as drifted.
    """
    evidently = _evidently()
    from evidently.presets import DataDriftPreset

    data = evidently.DataDefinition(
        numerical_columns=[name for name in current if current[name].dtype == np.float64],
        categorical_columns=[name for name in current if current[name].dtype != np.float64],
    )
    preset = DataDriftPreset(
        num_method="wasserstein", cat_method="jensenshannon", num_threshold=0.1, cat_threshold=least * NATURAL
    )
    sides = [evidently.Dataset.from_pandas(side, data_definition=data) for side in (current, reference)]
    made = _run(evidently.Report([preset]), *sides)
    found = [one for one in made.dict()["metrics"] if one["config"]["type"] == "evidently:metric_v2:ValueDrift"]
    distances = {one["config"]["column"]: float(one["value"]) for one in found}
    return Made(made.get_html_str(as_iframe=False), distances)


def performance_page(rows: pd.DataFrame, kind: Literal["classification", "regression"], threshold: float) -> Made:
    """How well the values (column ``PREDICTED``) fit the outcomes (column ``OUTCOME``): both without nulls."""
    evidently = _evidently()
    from evidently.presets import ClassificationPreset, RegressionPreset

    if kind == "classification":
        task = {"classification": [evidently.BinaryClassification(target=OUTCOME, prediction_probas=PREDICTED)]}
        preset = ClassificationPreset(probas_threshold=threshold)
        rows = rows.assign(**{OUTCOME: rows[OUTCOME].astype(int)})
    else:
        task = {"regression": [evidently.Regression(target=OUTCOME, prediction=PREDICTED)]}
        preset = RegressionPreset()
    data = evidently.Dataset.from_pandas(rows, data_definition=evidently.DataDefinition(**task))
    return Made(_run(evidently.Report([preset]), data, None).get_html_str(as_iframe=False), {})


def _run(report: Any, current: Any, reference: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constants and single customers: the page shows what they are
        return report.run(current, reference)


def _evidently() -> Any:
    os.environ["DO_NOT_TRACK"] = "1"  # before it is imported: it reads it then
    import evidently

    return evidently
