"""``make up``: starts everything, shows the addresses, and waits until it is stopped."""

import time

from scoring.errors import ScoringError
from scoring.local.environment import LOOPBACK, local_crm
from scoring.local.interrupts import interruptible
from scoring.local.keys import USER
from scoring.local.platform import POLL_SECONDS, Platform, running_platform
from scoring.local.progress import Progress
from scoring.local.watched import api_key
from scoring.settings import Settings


def up(settings: Settings) -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit status: 0 when stopped on demand, 1 when something failed."""
    progress = Progress()
    try:
        with interruptible(), running_platform(settings, progress, mlflow=True) as platform:
            platform.start_triggerer()
            platform.start_mlflow()
            with progress.step("Scoring API and exporter"):
                platform.wait_for_watchers(progress)
            platform.start_streams(progress)
            progress.say(_where(platform))
            while True:
                platform.check()
                time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        progress.say("Stopped; nothing is left running. `make up` goes on where this ended.")
        return 0
    except ScoringError as error:
        progress.say(f"FAILED: {error}")
        return 1


def _where(platform: Platform) -> str:
    settings, places = platform.settings, platform.places
    docs = settings.expectations_dir / "uncommitted" / "data_docs" / "index.html"
    password = platform.keys.airflow_password.get_secret_value()
    token = platform.exports.token.get_secret_value()
    lines = [
        "",
        "Running.",
        f"  Airflow      {platform.api.url}   user {USER}, password {password}",
        f"  Scoring page {platform.api.url}/plugin/scoring",
        f"  MLflow       {settings.mlflow_ui}   the same user and password",
        f"  Scoring API  http://{LOOPBACK}:{platform.serves.port}   key {api_key(platform.keys)}",
        f"  Metrics      http://{LOOPBACK}:{platform.exports.port}/metrics   token {token}",
        *([f"  Kafka        {platform.kafka.servers}"] if platform.kafka else []),
        f"  CRM stand-in {local_crm(settings, platform.keys).url}",
        f"  Database     {settings.database()}",
        f"  Data Docs    {docs}",
        f"  Logs         {places.logs}",
        "",
        "Other commands work beside it: .venv/bin/scoring --help",
        "",
        "Ctrl-C stops it.",
    ]
    return "\n".join(lines)
