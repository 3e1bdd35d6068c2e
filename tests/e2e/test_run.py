"""``scoring run``: partitions through a real Airflow scheduler, also after an interruption; nothing is left running."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from factories import JULY, JUNE, MAY, SUITE, customers, query, write_csv
from ports import free_port
from pydantic import SecretStr
from shop_definitions import LEAVING, SPENDING

from scoring.local.attach import attached
from scoring.settings import PROJECT, Settings

CUSTOMERS = 40
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Ended:
    """How a ``run`` ended, and which processes it left."""

    status: int
    output: str
    left: list[str]


@dataclass(frozen=True)
class Installation:
    """A local platform of the test's own."""

    settings: Settings
    api_port: int
    exporter_port: int

    def environment(self) -> dict[str, str]:
        settings = self.settings
        return {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SCORING_"))} | {
            "SCORING_HOME": str(settings.home),
            "SCORING_INBOX": settings.inbox,
            "SCORING_EXPECTATIONS_DIR": str(settings.expectations_dir),
            "SCORING_DEFINITIONS": settings.definitions,
            "SCORING_AIRFLOW_PORT": str(settings.airflow_port),
            "SCORING_RECEIVER_PORT": str(settings.receiver_port),
            "SCORING_API_PORT": str(self.api_port),
            "SCORING_EXPORTER_PORT": str(self.exporter_port),
            "SCORING_EXPORTER_STATSD_PORT": "0",
            "PYTHONPATH": os.pathsep.join(str(PROJECT / part) for part in ("", "tests", "tests/e2e")),
        }

    def run(self, interrupt_at: str | None = None) -> Ended:
        """Run to the end, or until a line of the output has ``interrupt_at``."""
        process = subprocess.Popen(
            [sys.executable, "-m", "scoring", "run"],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: list[str] = []
        with process:
            for line in process.stdout or ():
                lines.append(line)
                if interrupt_at and interrupt_at in line:
                    process.send_signal(signal.SIGTERM)
                    interrupt_at = None
            status = process.wait(TIMEOUT_SECONDS)
        return Ended(status, "".join(lines), self.running())

    def running(self) -> list[str]:
        """Processes that work in this installation."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if str(self.settings.home) in " ".join([*process.cmdline(), *process.environ().values()]):
                    found.append(" ".join(process.cmdline()))
        return found


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Three months of customers, in a directory too deep for a socket's path."""
    base = tmp_path_factory.mktemp("deep")
    root = base / "directory".ljust(110 - len(str(base)), "-")  # and not for what MLflow keeps
    for directory in ("inbox", "great_expectations/expectations"):
        (root / directory).mkdir(parents=True)
    (root / "great_expectations" / "great_expectations.yml").write_text(
        (PROJECT / "great_expectations" / "great_expectations.yml").read_text()
    )
    (root / "great_expectations" / "expectations" / "shop.json").write_text(json.dumps(SUITE))
    for number, as_of in enumerate((MAY, JUNE, JULY)):
        rows = [row | {"spend": row["spend"] * (1 + number), "visits": (row["visits"] + number) % 11}
                for row in customers(CUSTOMERS)]  # fmt: skip
        write_csv(root / "inbox" / f"shop_{as_of}.csv", rows)
    return Installation(
        Settings(
            home=root / "var",
            inbox=str(root / "inbox"),
            expectations_dir=root / "great_expectations",
            definitions="bounded_shop",
            airflow_port=free_port(),
            receiver_port=free_port(),
            database_url=SecretStr(""),
        ),
        free_port(),
        free_port(),
    )


@pytest.fixture(scope="module")
def interrupted(installation: Installation) -> Ended:
    return installation.run(interrupt_at="score_spending")


@pytest.fixture(scope="module")
def completed(installation: Installation, interrupted: Ended) -> Ended:
    assert interrupted
    return installation.run()


@pytest.fixture
def local(installation: Installation, completed: Ended) -> Iterator[Settings]:
    """The database as the completed run left it."""
    assert completed.status == 0, completed.output
    with attached(installation.settings) as settings:
        yield settings


@pytest.mark.scheduler
def test_sigterm_in_the_middle_ends_everything(interrupted: Ended) -> None:
    assert interrupted.status == 130, interrupted.output
    assert "Stopped; nothing is left running." in interrupted.output
    assert interrupted.left == []


@pytest.mark.scheduler
def test_the_next_run_completes_all_partitions_and_leaves_nothing_running(completed: Ended) -> None:
    assert completed.status == 0, completed.output
    assert completed.left == []
    for as_of in (JUNE, JULY):
        assert f"✓ shop {as_of}" in completed.output


@pytest.mark.scheduler
def test_the_api_gives_what_is_published_and_the_exporter_exports(completed: Ended) -> None:
    said = re.search(r"API: (\d+) calls for leaving, .*; (\d+) gave the published value", completed.output)
    assert said is not None, completed.output
    assert int(said[1]) == int(said[2]) > 0
    assert re.search(r"Exporter: [\d,]+ series", completed.output)


@pytest.mark.scheduler
def test_every_row_is_accounted_for(local: Settings) -> None:
    counts = query(
        local,
        "SELECT p.score, p.as_of, s.received, p.rows FROM scoring.publication p JOIN scoring.snapshot s "
        "USING (snapshot_id) WHERE p.state = 'published' ORDER BY 1, 2",
    )
    assert [tuple(count) for count in counts] == [
        (score.name, as_of, CUSTOMERS, CUSTOMERS) for score in (LEAVING, SPENDING) for as_of in (JUNE, JULY)
    ]


@pytest.mark.scheduler
def test_the_crm_knows_what_was_announced(local: Settings) -> None:
    announced = query(
        local, "SELECT score, customer_id, version, value FROM scoring.announcement WHERE version > 0 ORDER BY 1, 2"
    )
    with closing(sqlite3.connect(local.home / "receiver.sqlite3")) as connection:
        told = connection.execute("SELECT score, customer_id, version, event FROM told ORDER BY 1, 2").fetchall()
    known = [(score, customer, version, json.loads(event)["value"]) for score, customer, version, event in told]
    assert len(known) >= CUSTOMERS
    assert known == [tuple(row) for row in announced]


@pytest.mark.scheduler
def test_no_secret_is_in_a_log(installation: Installation, completed: Ended) -> None:
    secrets = list(json.loads((installation.settings.home / "keys.json").read_text()).values())
    texts = [completed.output, *(path.read_text() for path in (installation.settings.home / "log").rglob("*.log"))]
    assert secrets
    assert [secret[:4] for secret in secrets for text in texts if secret in text] == []


@pytest.mark.scheduler
def test_champions_are_trained_by_the_first_run_and_no_other_waits_for_them(
    interrupted: Ended, completed: Ended
) -> None:
    assert "✓ First champions" in interrupted.output
    assert "champions" not in completed.output


@pytest.fixture(scope="module")
def broken(installation: Installation, completed: Ended) -> Ended:
    """A run that meets a file without one of its columns."""
    assert completed.status == 0
    file = Path(installation.settings.inbox) / f"shop_{JUNE}.csv"
    file.write_text(file.read_text().replace("customer_id,spend", "customer_id,spent", 1))
    return installation.run()


@pytest.mark.scheduler
def test_a_broken_file_ends_the_run_with_dag_task_and_remedy(broken: Ended) -> None:
    assert broken.status == 1
    assert "DAG ingest_shop, task ingest, try 1" in broken.output
    assert "Remedy:" in broken.output
    assert broken.left == []


def unfolded(log: Path) -> list[str]:
    """What Airflow's UI shows of a task's log before a person opens a group."""
    groups: list[str] = []
    lines = []
    for line in log.read_text().splitlines():
        event = str(json.loads(line)["event"])
        if "::group::" in event:
            groups.append(event)
        elif "::endgroup::" in event:
            groups = groups[:-1]
        elif not groups:
            lines.append(event)
    return lines


@pytest.mark.scheduler
def test_what_to_do_is_the_last_thing_that_airflow_shows_of_a_failed_tasks_log(
    installation: Installation, broken: Ended
) -> None:
    assert broken.status == 1
    logs = (installation.settings.home / "log" / "tasks" / "dag_id=ingest_shop").rglob("*.log")
    last = unfolded(max(logs, key=lambda log: log.stat().st_mtime))[-1]
    assert last.startswith(f"FAILED dag=ingest_shop task=ingest as_of={JUNE} run=")
    assert "error=SourceError: " in last
    assert "Remedy: " in last
    assert "What to do: do what the error says, then clear this task" in last


@pytest.fixture
def fresh(installation: Installation, tmp_path: Path) -> Callable[..., Installation]:
    """Another installation with some settings changed."""

    def make(**changes: object) -> Installation:
        ports = {name: changes.pop(name, getattr(installation, name)) for name in ("api_port", "exporter_port")}
        return Installation(installation.settings.model_copy(update={"home": tmp_path / "var", **changes}), **ports)

    return make


@pytest.mark.parametrize("setting", ["airflow_port", "receiver_port", "api_port", "exporter_port"])
def test_a_busy_port_is_named_with_its_setting_before_anything_is_started(
    fresh: Callable[..., Installation], setting: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = fresh(**{setting: port}).run()
    assert ended.status == 1
    assert f"Port {port} on 127.0.0.1 is in use" in ended.output
    assert f"SCORING_{setting.upper()}=" in ended.output
    assert not any(fresh().settings.home.glob("postgres"))
