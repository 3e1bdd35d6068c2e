"""The parts of an estimator: what changes each feature by itself, the model behind it, and what corrects its output."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV, _SigmoidCalibration
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from scoring.models.explaining.ensembles import NotExplainable

Floats = NDArray[np.float64]

BY_ITSELF = (
    SimpleImputer,
    StandardScaler,
    MinMaxScaler,
    MaxAbsScaler,
    RobustScaler,
    PowerTransformer,
    QuantileTransformer,
)


@dataclass(frozen=True)
class Parts:
    """A fitted estimator taken apart.

    ``model`` takes the features as ``steps`` leave them; column j depends on feature j alone. With Platt's calibration
    the log-odds are ``slope`` times the model's margin plus ``offset``. ``is_monotone`` says that the margin is
    not that of the published value, but of one from which an isotonic calibration makes it.
    """

    model: Any
    steps: tuple[Any, ...] = ()
    slope: float | None = None
    offset: float = 0.0
    is_monotone: bool = False

    def before(self, features: Any) -> Floats:
        """The model's input for features: float64 of the same shape."""
        for step in self.steps:
            features = step.transform(features)
        return np.ascontiguousarray(features, dtype=np.float64)


def parts_of(estimator: Any) -> Parts:
    """Take a fitted estimator apart.

    Raises
    ------
    NotExplainable
        If one of its parts is not known; names it.
    """
    if isinstance(estimator, CalibratedClassifierCV):
        return _calibrated(estimator)
    if not isinstance(estimator, Pipeline):
        return Parts(estimator)
    steps = tuple(step for _, step in estimator.steps[:-1] if step not in (None, "passthrough"))
    for step in steps:
        if not isinstance(step, BY_ITSELF):
            raise NotExplainable(f"its step {type(step).__name__} is not known to change each feature by itself")
        if isinstance(step, SimpleImputer) and (
            step.add_indicator or len(step.get_feature_names_out()) != step.n_features_in_
        ):
            raise NotExplainable("its SimpleImputer adds or drops columns")
    return Parts(estimator.steps[-1][1], steps)


def _calibrated(estimator: CalibratedClassifierCV) -> Parts:
    if len(estimator.calibrated_classifiers_) != 1:
        raise NotExplainable("it is an average of several calibrated models; use 'ensemble=False'")
    (calibrated,) = estimator.calibrated_classifiers_
    inner, (calibrator,) = parts_of(calibrated.estimator), calibrated.calibrators
    if isinstance(calibrator, _SigmoidCalibration):
        return Parts(inner.model, inner.steps, slope=-float(calibrator.a_), offset=-float(calibrator.b_))
    return Parts(inner.model, inner.steps, is_monotone=True)
