"""Secrets of the local platform: made once, and readable only by their owner; only ``up`` shows one, the password."""

import base64
import json
import secrets

from pydantic import BaseModel, ConfigDict, SecretStr

from scoring.errors import ConfigurationError
from scoring.local.places import Places, write_private

USER = "admin"


class Keys(BaseModel):
    """What Airflow's parts and the CRM stand-in sign, encrypt and log in with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    airflow_password: SecretStr
    api_secret: SecretStr
    fernet: SecretStr
    jwt: SecretStr
    crm: SecretStr


def load_keys(places: Places) -> Keys:
    """Read the keys, or make them on the first run.

    Raises
    ------
    ConfigurationError
        If the file of keys is not as this version writes it.
    """
    if not places.keys.exists():
        write_private(places.keys, json.dumps(_new_keys(), indent=2))
    try:
        return Keys.model_validate_json(places.keys.read_text())
    except ValueError as error:
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
    }
