"""Builds the environment variables of the child processes: Airflow, the pipeline and the CRM stand-in."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from scoring.local.keys import USER, Keys
from scoring.local.places import Places
from scoring.local.postgres import Server
from scoring.settings import PROJECT, CrmSettings, ExporterSettings, KafkaSettings, Settings

LOOPBACK = "127.0.0.1"
NOTIFY_POOL = "notify"

# Variables for other installations of the same tools, in a person's shell, must not reach this one.
OTHERS = ("AIRFLOW", "SCORING_", "MLFLOW_", "PG")

COMMON = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # Arrow's own keeps what it has freed: 60 MB of a process that scores
}


def local_settings(settings: Settings, server: Server) -> Settings:
    """The settings with the local platform's own database and MLflow, and a pool for its notify tasks."""
    return settings.model_copy(
        update={
            "database_url": SecretStr(server.url("scoring")),
            "mlflow_tracking_uri": SecretStr(server.sqlalchemy_url("mlflow")),
            "mlflow_artifacts": settings.mlflow_artifacts or str(settings.home.absolute() / "mlflow"),
            "mlflow_ui": settings.mlflow_ui or f"http://{LOOPBACK}:{settings.mlflow_port}",
            "notify_pool": NOTIFY_POOL,
        }
    )


def local_crm(settings: Settings, keys: Keys) -> CrmSettings:
    """The address and the secret of the local platform's CRM stand-in."""
    return CrmSettings(url=f"http://{LOOPBACK}:{settings.receiver_port}/webhook", secret=keys.crm)


def local_kafka(settings: Settings, kafka: KafkaSettings) -> KafkaSettings:
    """The brokers of the environment, or the local platform's own."""
    own = kafka.model_copy(update={"servers": f"{LOOPBACK}:{settings.kafka_port}"})
    return kafka if kafka.servers else own


def scoring_variables(*several: BaseSettings) -> dict[str, str]:
    """Settings as environment variables, from which their classes read the same values."""
    return {
        f"{settings.model_config.get('env_prefix', '')}{name.upper()}": _text(value)
        for settings in several
        for name, value in settings
        if value is not None
    }


def base_environment(inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every child process: the person's own, without variables of other installations."""
    inherited = os.environ if inherited is None else inherited
    environment = {name: value for name, value in inherited.items() if not name.startswith(OTHERS)}
    paths = [str(PROJECT), str(PROJECT / "plugins"), *environment.get("PYTHONPATH", "").split(os.pathsep)]
    hosts = [LOOPBACK, "localhost", environment.get("NO_PROXY", "")]
    environment |= COMMON | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": ",".join(host for host in hosts if host),
        "NO_COLOR": "1",
    }
    environment["no_proxy"] = environment["NO_PROXY"]
    return environment


def local_exporter(exports: ExporterSettings, keys: Keys) -> ExporterSettings:
    """How the local platform's exporter answers: with the environment's token, or one of its own."""
    own = exports.model_copy(update={"token": keys.exporter})
    return exports if exports.token.get_secret_value() else own


def airflow_environment(
    settings: Settings, places: Places, server: Server, keys: Keys, *, statsd_port: int
) -> dict[str, str]:
    """Airflow's environment. As in production, its DAGs get the database and the CRM from its connections.

    ``statsd_port`` is where Airflow sends its metrics; 0: nowhere.
    """
    variables = scoring_variables(settings)
    del variables["SCORING_DATABASE_URL"]
    crm = local_crm(settings, keys)
    connections = {
        "AIRFLOW_CONN_SCORING_DB": {
            "conn_type": "postgres",
            "host": str(server.socket),
            "login": "postgres",
            "schema": "scoring",
        },
        "AIRFLOW_CONN_CRM_WEBHOOK": {
            "conn_type": "http",
            "host": crm.url,
            "password": crm.secret.get_secret_value(),
        },
    }
    return (
        base_environment()
        | variables
        | {name: json.dumps(connection) for name, connection in connections.items()}
        | _airflow_options(places, server, keys, settings.airflow_port)
        | (airflow_metrics(statsd_port) if statsd_port else {})
    )


def airflow_metrics(port: int) -> dict[str, str]:
    """Variables that make Airflow send its metrics to the exporter on this machine."""
    return {
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_HOST": LOOPBACK,
        "AIRFLOW__METRICS__STATSD_PORT": str(port),
        "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",  # facts with tags
        "AIRFLOW__METRICS__LEGACY_NAMES_ON": "False",
    }


def _airflow_options(places: Places, server: Server, keys: Keys, port: int) -> dict[str, str]:
    url = f"http://{LOOPBACK}:{port}"
    options: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": PROJECT / "dags",
            "plugins_folder": PROJECT / "plugins",
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "executor": "LocalExecutor",
            "parallelism": 4,
            "mp_start_method": "fork",
            "hostname_callable": "socket.gethostname",
            "fernet_key": keys.fernet.get_secret_value(),
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": places.passwords.absolute(),
            "execution_api_server_url": f"{url}/execution/",
        },
        "database": {
            "sql_alchemy_conn": server.sqlalchemy_url("airflow"),
            "sql_alchemy_conn_async": "",  # only the REST call that waits for a run needs it, with another driver
            "check_migrations": False,  # the platform has just migrated it
        },
        "api": {
            "host": LOOPBACK,
            "port": port,
            "base_url": url,
            "workers": 1,
            "secret_key": keys.api_secret.get_secret_value(),
        },
        "api_auth": {"jwt_secret": keys.jwt.get_secret_value()},
        "logging": {
            "base_log_folder": places.task_logs.absolute(),
            "dag_processor_child_process_log_directory": (places.logs / "dag_processor").absolute(),
            "colored_console_log": False,
            "file_task_handler_new_folder_permissions": "0o700",  # Airflow sets these whatever the umask
            "file_task_handler_new_file_permissions": "0o600",
        },
        "scheduler": {"scheduler_idle_sleep_time": 0.5},
        "dag_processor": {"min_file_process_interval": 60, "print_stats_interval": 0},
    }
    return {"AIRFLOW_HOME": str(places.airflow.absolute())} | {
        f"AIRFLOW__{section.upper()}__{option.upper()}": str(value)
        for section, values in options.items()
        for option, value in values.items()
    }


def _text(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case tuple():
            return json.dumps([_text(part) for part in value])
        case dict():
            return json.dumps({name: _text(part) for name, part in value.items()})
        case Path():
            return str(value.absolute())
        case _:
            return str(value)
