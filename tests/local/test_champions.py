"""Whether a champion is missing is asked of MLflow's database, without MLflow: it is imported only to train one."""

import subprocess
import sys

from mlflow import MlflowClient
from pydantic import SecretStr
from waiting import PATIENCE

from scoring.local.champions import without_champion
from scoring.models.registry import CHAMPION, Registry
from scoring.settings import Settings


def test_the_scores_without_champion_are_found_from_the_first_start_to_the_last_promotion(database_url: str) -> None:
    settings = Settings(database_url=SecretStr(database_url))
    assert without_champion(settings, database_url) == ["delinquency_risk", "next_payment"]  # MLflow was never here

    tracking = database_url.replace("postgresql://", "postgresql+psycopg2://")
    Registry(tracking)  # makes its tables
    client = MlflowClient(tracking, tracking)
    assert without_champion(settings, database_url) == ["delinquency_risk", "next_payment"]  # it has tables, no model

    for name in ("next_payment", "delinquency_risk"):
        client.create_registered_model(name)
        made = client.create_model_version(name, "file:///nowhere")
        client.set_registered_model_alias(name, "candidate", made.version)
        missing = without_champion(settings, database_url)
        assert name in missing  # trained, but nobody put it in charge
        client.set_registered_model_alias(name, CHAMPION, made.version)
        assert without_champion(settings, database_url) == [other for other in missing if other != name]


def test_asking_for_champions_imports_no_mlflow() -> None:
    script = "import sys, scoring.local.champions; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=PATIENCE).returncode == 0
