"""MLflow's own UI as a part of the local platform: behind a password, on this machine only."""

import sys

from scoring.local.environment import LOOPBACK
from scoring.local.keys import USER, Keys
from scoring.local.places import Places, write_private
from scoring.settings import Settings

LOGIN = """[mlflow]
default_permission = NO_PERMISSIONS
database_uri = sqlite:///{users}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"""


def command(settings: Settings) -> list[str]:
    """What starts it."""
    port = str(settings.mlflow_port)
    return [
        sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth", "--host", LOOPBACK, "--port", port,
        "--workers", "1", "--no-serve-artifacts", "--default-artifact-root", settings.mlflow_artifacts,
        "--allowed-hosts", f"{LOOPBACK}:{port},localhost:{port}",
    ]  # fmt: skip


def variables(settings: Settings, places: Places, keys: Keys) -> dict[str, str]:
    """Its environment, beside the common one; writes the file that says how it asks for the password.

    The user's password is Airflow's.
    """
    write_private(places.mlflow_login, LOGIN.format(users=places.mlflow_users.absolute()))
    return {
        "MLFLOW_BACKEND_STORE_URI": settings.mlflow_tracking_uri.get_secret_value(),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # for its own online evaluations, which nobody here uses
        "MLFLOW_AUTH_CONFIG_PATH": str(places.mlflow_login.absolute()),
        "MLFLOW_AUTH_ADMIN_USERNAME": USER,
        "MLFLOW_AUTH_ADMIN_PASSWORD": keys.airflow_password.get_secret_value(),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": keys.mlflow_session.get_secret_value(),
    }
