"""Makes what the servers answer with: the sample's champion, and its estimator as MLflow and the bare way take it."""

from pathlib import Path

import mlflow
import skops.io
from measure import Measured, answer

from scoring.database import migrate
from scoring.definitions.credit_cards import DELINQUENCY_RISK
from scoring.local.champions import train_first_champions
from scoring.models.charge import in_charge
from scoring.models.registry import Registry
from scoring.settings import load_settings


def prepare(bare: str, served: str) -> Measured:
    """Train the sample's first champions; put the classifier at ``bare`` (skops) and ``served`` (an MLflow model)."""
    settings = load_settings()
    migrate(settings.database())
    train_first_champions(settings)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    ref = in_charge(settings.database(), registry, DELINQUENCY_RISK.model_name)
    estimator = registry.load(ref, DELINQUENCY_RISK.trusted_types)
    skops.io.dump(estimator, Path(bare))
    mlflow.sklearn.save_model(
        estimator,
        served,
        serialization_format="skops",
        skops_trusted_types=list(DELINQUENCY_RISK.trusted_types),
        pyfunc_predict_fn="predict_proba",  # what a score needs; its default answers with classes
        pip_requirements=["scikit-learn"],  # guessing them takes a minute
    )
    return Measured()


if __name__ == "__main__":
    answer(prepare)
