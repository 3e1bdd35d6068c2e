"""MLflow's own UI: behind a password, on this machine only; the password is in no command and no readable file."""

from pathlib import Path

from scoring.local.keys import load_keys
from scoring.local.mlflow_ui import command, variables
from scoring.local.places import Places
from scoring.settings import Settings


def test_it_listens_on_this_machine_behind_a_password_that_only_its_environment_has(tmp_path):
    places = Places(tmp_path / "var")
    places.make()
    keys = load_keys(places)
    settings = Settings(home=places.home, mlflow_tracking_uri="postgresql://a", mlflow_artifacts=str(tmp_path))
    said, given = " ".join(command(settings)), variables(settings, places, keys)
    password = keys.airflow_password.get_secret_value()
    assert "--host 127.0.0.1 --port 5000" in said
    assert "--app-name basic-auth" in said
    assert password not in said
    assert (given["MLFLOW_AUTH_ADMIN_USERNAME"], given["MLFLOW_AUTH_ADMIN_PASSWORD"]) == ("admin", password)
    login = Path(given["MLFLOW_AUTH_CONFIG_PATH"])
    assert login.stat().st_mode & 0o077 == 0
    assert "default_permission = NO_PERMISSIONS" in login.read_text()
    assert password not in login.read_text()
