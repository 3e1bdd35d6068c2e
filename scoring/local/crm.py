"""The CRM stand-in as a process of the local platform: ``python -m scoring.local.crm``."""

from scoring.local.environment import LOOPBACK
from scoring.local.places import Places
from scoring.local.receiver import serve
from scoring.settings import load_crm_settings, load_settings


def main() -> None:
    """Serve until stopped; port and secret come from the environment."""
    settings = load_settings()
    serve(LOOPBACK, settings.receiver_port, load_crm_settings().secret, Places(settings.home).receiver)


if __name__ == "__main__":
    main()
