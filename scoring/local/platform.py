"""Starts the parts of the local platform in order, in parallel where that is safe, and stops all at the end."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import psycopg2

from scoring.catalog import load_catalog, told
from scoring.database import migrate
from scoring.domain.dag_ids import all_dags
from scoring.domain.dataset import DataSet
from scoring.errors import ConfigurationError, PermanentError
from scoring.local import environment, mlflow_ui, preflight, streamed, watched
from scoring.local.airflow_api import AirflowApi
from scoring.local.broker import broker_command
from scoring.local.champions import CHAMPION, without_champion
from scoring.local.environment import LOOPBACK, NOTIFY_POOL
from scoring.local.interrupts import uninterrupted
from scoring.local.keys import Keys, load_keys, write_password
from scoring.local.places import Places, make_private, private_files
from scoring.local.postgres import Server, running_postgres
from scoring.local.processes import Child, Children, children, stop_left_behind
from scoring.local.progress import Progress
from scoring.settings import (
    ApiSettings,
    ExporterSettings,
    KafkaSettings,
    Settings,
    load_api_settings,
    load_exporter_settings,
    load_kafka_settings,
)

PATIENCE_SECONDS = 600.0  # a bound for what hangs; a busy machine trains for minutes
POLL_SECONDS = 0.25
AIRFLOW_PARTS = {
    "api-server": ["airflow", "api-server"],
    # Tasks are forks of the scheduler. The API server reads their logs from disk, so no process has to serve them.
    "scheduler": ["scoring.local.preloaded", "airflow", "scheduler", "--skip-serve-logs"],
    "dag-processor": ["airflow", "dag-processor"],
}
NOTIFY_SLOTS = 2  # of the scheduler's 4, so that a slow CRM does not keep scoring waiting
TRIGGERER = ["airflow", "triggerer", "--skip-serve-logs"]


class PlatformError(PermanentError):
    """A part of the local platform did not start, or failed."""


@dataclass(frozen=True)
class Platform:
    """The running platform."""

    settings: Settings
    places: Places
    keys: Keys
    server: Server
    children: Children
    api: AirflowApi
    serves: ApiSettings
    exports: ExporterSettings
    kafka: KafkaSettings | None  # None if no data set has a stream, or there is no broker for this machine

    @property
    def for_airflow(self) -> dict[str, str]:
        """The environment of Airflow's parts."""
        port = self.exports.statsd_port
        own = environment.airflow_environment(self.settings, self.places, self.server, self.keys, statsd_port=port)
        return own | (environment.scoring_variables(self.kafka) if self.kafka is not None else {})

    def start_triggerer(self) -> None:
        """Start Airflow's triggerer: none of our DAGs needs it, but without it the UI shows a red mark."""
        self.children.start("airflow-triggerer", [sys.executable, "-m", *TRIGGERER], self.for_airflow)

    def start_mlflow(self) -> None:
        """Start MLflow's own UI; nothing of ours needs it."""
        own = environment.base_environment() | mlflow_ui.variables(self.settings, self.places, self.keys)
        self.children.start("mlflow", mlflow_ui.command(self.settings), own)

    def start_watchers(self) -> None:
        """Start the scoring API and the exporter."""
        ours = environment.base_environment() | environment.scoring_variables(self.settings, self.serves, self.exports)
        watched.admit(self.settings, self.keys)
        for name in ("exporter", "api"):
            self.children.start(name, [sys.executable, "-m", "scoring", name], ours)

    @property
    def streamed(self) -> list[DataSet]:
        """The data sets whose streams are read."""
        data_sets = load_catalog(self.settings.definitions).data_sets.values()
        return [one for one in data_sets if one.stream is not None and self.kafka is not None]

    def start_streams(self, progress: Progress) -> None:
        """Make the topics, and start a worker for each stream."""
        if self.kafka is None or not self.streamed:
            return
        kafka = self.kafka
        _wait(self, partial(streamed.answers, kafka), "the Kafka broker to answer", progress)
        with closing(psycopg2.connect(self.settings.database())) as connection:
            streamed.make_topics(kafka, connection, self.streamed)
        ours = environment.base_environment() | environment.scoring_variables(self.settings, kafka)
        for data_set in self.streamed:
            worker = [sys.executable, "-m", "scoring", "stream", data_set.name]
            self.children.start(f"stream-{data_set.name}", worker, ours)

    def wait_for_watchers(self, progress: Progress) -> None:
        """Wait until the scoring API and the exporter answer."""
        for port, path, what in (
            (self.exports.port, "/healthz", "the exporter to answer"),
            (self.serves.port, "/readyz", "the scoring API to have its models"),
        ):
            _wait(self, partial(watched.answers, port, path), what, progress)

    def wait(self, reached: Callable[[], bool], what: str, progress: Progress, *, every: float = POLL_SECONDS) -> None:
        """Wait until a condition holds, asked ``every`` so many seconds.

        Raises
        ------
        PlatformError
            If a part fails, or it takes too long.
        """
        _wait(self, reached, what, progress, every)

    def check(self) -> None:
        """Raise :class:`PlatformError`, with the end of the log, if a part has failed."""
        ended = self.children.ended()
        if ended is not None:
            raise PlatformError(_failure(ended))


@contextmanager
def running_platform(settings: Settings, progress: Progress, *, mlflow: bool = False) -> Iterator[Platform]:
    """Start everything and wait until Airflow is healthy and knows all DAGs; stop everything at the end.

    ``mlflow`` says whether :meth:`Platform.start_mlflow` will be called.

    Raises
    ------
    ConfigurationError
        If something is missing, or a port or the directory is in use; then nothing was started.
    PlatformError
        If a part did not start.
    """
    preflight.check_tools()
    serves, exports, kafka = load_api_settings(), load_exporter_settings(), load_kafka_settings()
    broker = _broker(settings, kafka)
    expected = dag_ids(settings)
    if problems := load_catalog(settings.definitions).problems:
        progress.say(f"Mistakes in the definitions; what they define is missing, all else runs:\n{told(problems)}")
    places = Places(settings.home)
    with private_files():
        places.make()
        make_private(settings.expectations_dir / "uncommitted")
    with private_files(), preflight.only_user(places), ExitStack() as stack:
        stop_left_behind(places)
        preflight.check_ports(settings, serves, exports, broker=broker is not None, mlflow=mlflow)
        keys = load_keys(places)
        try:
            with progress.step("PostgreSQL"):
                server = stack.enter_context(running_postgres(places))
            local = environment.local_settings(settings, server)
            api = AirflowApi(f"http://{LOOPBACK}:{local.airflow_port}", keys)
            started = stack.enter_context(children(places))
            exports = environment.local_exporter(exports, keys)
            if broker is not None:
                started.start("kafka", broker, environment.base_environment())
            brokers = environment.local_kafka(settings, kafka) if broker or kafka.servers else None
            platform = Platform(local, places, keys, server, started, api, serves, exports, brokers)
            _start(platform, expected, progress)
            yield platform
        finally:
            with uninterrupted(), progress.step("Stopping"):
                stack.close()


def _broker(settings: Settings, kafka: KafkaSettings) -> list[str] | None:
    """What starts a Kafka broker; None if none is needed, or there is none for this machine."""
    data_sets = load_catalog(settings.definitions).data_sets.values()
    if kafka.servers or all(one.stream is None for one in data_sets):
        return None
    with suppress(ConfigurationError):
        return broker_command(settings.kafka_port)
    return None


def dag_ids(settings: Settings) -> set[str]:
    """The DAGs that Airflow must know before the platform is ready."""
    catalog = load_catalog(settings.definitions)
    return all_dags(catalog.data_sets, catalog.scores, catalog.streams)


def _start(platform: Platform, expected: set[str], progress: Progress) -> None:
    local, places, server, started = platform.settings, platform.places, platform.server, platform.children

    def wait(reached: Callable[[], bool], what: str) -> None:
        _wait(platform, reached, what, progress)

    for_scoring = environment.base_environment() | environment.scoring_variables(local)
    for_airflow = platform.for_airflow
    write_password(places, platform.keys)
    with progress.step("Database schemas"):
        migrate(local.database())
        trained = _train(started, for_scoring) if without_champion(local, server.url("mlflow")) else None
        secret = {"SCORING_CRM_SECRET": platform.keys.crm.get_secret_value()}
        started.start("receiver", [sys.executable, "-m", "scoring.local.crm"], for_scoring | secret)
        if not _airflow_schema_is_current(server):
            migrated = started.start(
                "airflow-migrate", [sys.executable, "-m", "airflow", "db", "migrate"], for_airflow, ends=True
            )
            wait(partial(_done, migrated), "the migration of Airflow's database")
            _note_airflow_schema(server)
    for name, arguments in AIRFLOW_PARTS.items():
        started.start(f"airflow-{name}", [sys.executable, "-m", *arguments], for_airflow)
    if trained is not None:
        with progress.step("First champions"):
            wait(partial(_done, trained), "the training of the first champions")
            progress.note("\n".join(line for line in trained.tail().splitlines() if line.startswith(CHAMPION)))
    with progress.step("Airflow"):
        wait(platform.api.healthy, "Airflow to become healthy")
        platform.api.set_pool(NOTIFY_POOL, NOTIFY_SLOTS, "Requests to the CRM: they may wait for it.")
        wait(lambda: _knows_all(platform.api, expected), "Airflow to read the DAGs")
    platform.start_watchers()


def _train(started: Children, variables: dict[str, str]) -> Child:
    """Start the training of first champions: a process that imports MLflow and Great Expectations, for seconds."""
    return started.start("champions", [sys.executable, "-m", "scoring.local.champions"], variables, ends=True)


def _done(child: Child) -> bool:
    return child.ended == 0


def _wait(
    platform: Platform, reached: Callable[[], bool], what: str, progress: Progress, every: float = POLL_SECONDS
) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        platform.check()
        progress.now(f"waiting for {what}")
        if time.monotonic() > deadline:
            raise PlatformError(f"Waited {PATIENCE_SECONDS:.0f} s for {what}; see the logs in {platform.places.logs}.")
        time.sleep(every)
    progress.conclude("")


def _knows_all(api: AirflowApi, expected: set[str]) -> bool:
    errors = api.import_errors()
    if errors:
        raise PlatformError("Airflow cannot read DAGs:\n" + "\n".join(errors))
    return expected <= api.dag_ids()


def _failure(child: Child) -> str:
    return f"{child.name} ended with status {child.ended}. The end of {child.log}:\n{child.tail()}"


def _airflow_schema_is_current(server: Server) -> bool:
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'airflow'"
    with psycopg2.connect(server.url("airflow")) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        (noted,) = cursor.fetchone() or (None,)
    connection.close()
    return bool(noted == version("apache-airflow"))


def _note_airflow_schema(server: Server) -> None:
    with psycopg2.connect(server.url("airflow")) as connection, connection.cursor() as cursor:
        cursor.execute("COMMENT ON DATABASE airflow IS %s", (version("apache-airflow"),))
    connection.close()
