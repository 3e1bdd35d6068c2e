"""Writes .env (readable by its owner only) from deploy/example.env, with a new secret for each variable that needs one.

Needs nothing but Python: `python deploy/new_env.py [FILE]`. A file that exists is never changed.
"""

import base64
import os
import secrets
import sys
from pathlib import Path

EXAMPLE = Path(__file__).with_name("example.env")
ISSUED = {"SCORING_METRICS_KEY"}  # by the API itself, after the first start
SPECIAL = {
    "AIRFLOW_FERNET_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "CRM_SECRET": lambda: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
}


def filled(example: str) -> str:
    """The example with a secret for each variable that is empty."""
    return "".join(_filled(line) for line in example.splitlines(keepends=True))


def _filled(line: str) -> str:
    name, equals, value = line.rstrip("\n").partition("=")
    if line.startswith("#") or not equals or value or name in ISSUED:
        return line
    return f"{name}={SPECIAL.get(name, lambda: secrets.token_urlsafe(32))()}\n"


def main(target: str = ".env") -> int:
    """Write the file; returns the exit status."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        print(f"{target} exists; its secrets are in use. Remove it yourself to begin anew.", file=sys.stderr)
        return 1
    with os.fdopen(descriptor, "w") as file:
        file.write(filled(EXAMPLE.read_text()))
    print(f"{target} is written. Fill in CRM_URL and agree on CRM_SECRET with the CRM; then docker compose up -d.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
