"""Secrets of the local platform: made once, and readable only by their owner; only ``up`` shows some."""

import base64
import json
import secrets

from pydantic import BaseModel, ConfigDict, SecretStr

from scoring.errors import ConfigurationError
from scoring.local.places import Places, write_private
from scoring.serving.keys import new_secret

USER = "admin"


class Keys(BaseModel):
    """What Airflow's parts and the CRM stand-in sign, encrypt and log in with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    airflow_password: SecretStr
    api_secret: SecretStr
    fernet: SecretStr
    jwt: SecretStr
    crm: SecretStr
    api_key: SecretStr
    exporter: SecretStr
    mlflow_session: SecretStr


def load_keys(places: Places) -> Keys:
    """Read the keys; make them on the first run, and those that an earlier version did not have.

    Raises
    ------
    ConfigurationError
        If the file of keys is not as this version writes it.
    """
    try:
        known = json.loads(places.keys.read_text()) if places.keys.exists() else {}
        keys = Keys.model_validate(_new_keys() | known)
        if len(known) < len(Keys.model_fields):
            shown = {name: key.get_secret_value() for name, key in keys}
            write_private(places.keys, json.dumps(shown, indent=2))
        return keys
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{places.keys} cannot be read. `make clean` removes it with everything the local platform made."
        ) from error


def write_password(places: Places, keys: Keys) -> None:
    """Write the password of the only user for Airflow's simple auth manager."""
    write_private(places.passwords, json.dumps({USER: keys.airflow_password.get_secret_value()}))


def _new_keys() -> dict[str, str]:
    return {
        "airflow_password": secrets.token_urlsafe(12),
        "api_secret": secrets.token_urlsafe(32),
        "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt": secrets.token_urlsafe(48),
        "crm": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "api_key": new_secret(),
        "exporter": secrets.token_urlsafe(32),
        "mlflow_session": secrets.token_urlsafe(32),
    }
