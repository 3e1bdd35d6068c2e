"""The benchmark of the API: ours beside ``mlflow models serve`` and a bare FastAPI, on one model in one run."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Annotated, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import pandas as pd
import report
import typer
from installation import environment_of, free_port, settings_of
from measure import HERE, in_fresh_process
from sections import measured, renew, table
from serving_client import PERCENTILES, Asked

from scoring.definitions.credit_cards import CREDIT_CARDS, DELINQUENCY_RISK, FEATURES
from scoring.local.environment import LOOPBACK
from scoring.local.interrupts import interruptible
from scoring.local.places import Places
from scoring.local.postgres import running_postgres
from scoring.settings import PROJECT

OURS, BARE, MLFLOW = "ours", "bare FastAPI", "mlflow models serve"
MANY = 1000
HEADINGS = ("records in a request", "clients", "server", *(f"p{p} ms" for p in PERCENTILES), "records/s")
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Case:
    """What is asked: how many records in a request, by how many clients at a time, and how many requests."""

    records: int
    clients: int
    requests: int


CASES = (Case(1, 1, 2000), Case(1, 8, 4000), Case(MANY, 1, 60))


@dataclass(frozen=True)
class Server:
    """A started server, and how it wants to be asked."""

    port: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


def bench(
    rounds: Annotated[int, typer.Option(help="How often each server is asked, in turns.")] = 5,
    quick: Annotated[bool, typer.Option(help="A tenth of the requests; writes nothing.")] = False,
) -> None:
    """Ask all three in turns. A run that is not quick renews its part of docs/benchmarks.md."""
    results: dict[tuple[Case, str], list[Asked]] = {}
    machine = report.machine()
    with tempfile.TemporaryDirectory(prefix="scoring-bench-serving-") as scratch, ExitStack() as stack:
        servers = _servers(Path(scratch), stack)
        for case in CASES:
            bodies = {way: bodies_of(Path(scratch), way, case, quick=quick) for way in servers}
            for number in range(rounds):
                for way, server in servers.items():
                    asked = _asked(server, bodies[way], case)
                    results.setdefault((case, way), []).append(asked)
                    print(f"round {number + 1}", *_row(case, way, [asked]), sep="  ", flush=True)
    lines = [_row(case, way, asked) for (case, way), asked in results.items()]
    print(*(" | ".join(line) for line in (HEADINGS, *lines)), *_ratios(results), sep="\n")
    if not quick:
        by, said = "make bench", "\n".join(f"- {ratio}" for ratio in _ratios(results))
        renew("benchmarks.md", "serving", by, [table(HEADINGS, lines), said, measured(by, machine)])


def _servers(home: Path, stack: ExitStack) -> dict[str, Server]:
    """The three servers, each ready."""
    environment = our_environment(home, stack)
    bare, served = prepared(environment, home)
    theirs, simple = free_port(), free_port()
    mlflow = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(served), "--env-manager", "local"]
    uvicorn = [sys.executable, "-m", "uvicorn", "serving_bare:app", "--log-level", "warning"]
    address = ["--host", LOOPBACK, "--port"]
    started = {
        MLFLOW: ([*mlflow, *address, str(theirs)], environment, "/ping"),
        BARE: ([*uvicorn, *address, str(simple)], environment | {"BARE_MODEL": str(bare)}, "/openapi.json"),
    }
    servers = {MLFLOW: Server(theirs, "/invocations"), BARE: Server(simple, "/score")}
    for way, (command, variables, ready) in started.items():
        stack.enter_context(_running(command, variables, home / f"{way}.log"))
        _wait(f"http://{LOOPBACK}:{servers[way].port}{ready}", home / f"{way}.log")
    return {OURS: our_server(environment, home, stack)} | servers


def our_environment(home: Path, stack: ExitStack) -> dict[str, str]:
    """A new installation's environment; its PostgreSQL runs until ``stack`` is closed."""
    places = Places(home)
    places.make()
    postgres = stack.enter_context(running_postgres(places))
    environment = environment_of(settings_of(home, postgres, "scoring.definitions"))
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"  # MLflow starts uvicorn by its name
    return environment


def prepared(environment: Mapping[str, str], home: Path) -> tuple[Path, Path]:
    """Train the sample's champions; returns where the classifier stands for the bare way and for MLflow."""
    bare, served = home / "bare.skops", home / "served"
    in_fresh_process("serving_prepare.py", environment, bare=str(bare), served=str(served))
    return bare, served


def our_server(environment: Mapping[str, str], home: Path, stack: ExitStack) -> Server:
    """Our API, ready, and a key for it."""
    key = command(environment, "api-key", "create", "bench", "--scope", "score", "--per-minute", "1000000")
    port = free_port()
    api = [sys.executable, "-m", "scoring", "api"]
    stack.enter_context(_running(api, {**environment, "SCORING_API_PORT": str(port)}, home / "api.log"))
    _wait(f"http://{LOOPBACK}:{port}/readyz", home / "api.log")
    return Server(port, f"/v1/scores/{DELINQUENCY_RISK.name}", {"Authorization": f"Bearer {key}"})


def command(environment: Mapping[str, str], *arguments: str) -> str:
    """The last word of what a command of ours prints."""
    ours = [sys.executable, "-m", "scoring", *arguments]
    done = subprocess.run(ours, env=dict(environment), stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - ours
    return done.stdout.split()[-1]


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            list(command), env=dict(environment), stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _wait(url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer:\n{log.read_text()[-2000:]}")


def bodies_of(home: Path, way: str, case: Case, *, quick: bool = False) -> Path:
    """A file with a body a line: real customers of the sample, as the server wants them."""
    path = home / f"{way}-{case.records}-{case.clients}.jsonl"
    customers = pd.read_csv(
        PROJECT / "sample_data" / "credit_cards" / "credit_cards_2005-06-30.csv.gz",
        dtype={column.name: _dtype(column.type) for column in CREDIT_CARDS.columns},
    )
    requests = case.requests // 10 if quick else case.requests
    with path.open("w") as stream:
        for number in range(requests):
            first = number * case.records % (len(customers) - case.records)
            stream.write(json.dumps(_body(way, customers.iloc[first : first + case.records])) + "\n")
    return path


def _dtype(kind: str) -> str:
    return {"text": "str", "category": "str", "integer": "int64"}.get(kind, "float64")


def _body(way: str, customers: pd.DataFrame) -> Any:
    if way == OURS:
        return {"records": customers.to_dict("records")}
    features = customers[list(FEATURES)].copy()
    for name in FEATURES:  # these two want what the model sees: our API encodes
        column = CREDIT_CARDS.column(name)
        if column.type == "category":
            features[name] = features[name].map({one: place for place, one in enumerate(column.values)})
    features = features.astype("float64")
    if way == BARE:
        return features.to_dict("records")
    return {"dataframe_split": {"columns": list(FEATURES), "data": features.to_numpy().tolist()}}


def _asked(server: Server, bodies: Path, case: Case) -> Asked:
    task = {"port": server.port, "path": server.path, "headers": server.headers, "bodies": str(bodies)}
    command = [sys.executable, str(HERE / "serving_client.py"), json.dumps(task | {"clients": case.clients})]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own script
    found = json.loads(done.stdout)
    return Asked({int(p): value for p, value in found["latency"].items()}, found["per_second"])


def _row(case: Case, way: str, asked: Sequence[Asked]) -> tuple[str, ...]:
    latencies = (f"{median(one.latency[p] for one in asked):.2f}" for p in PERCENTILES)
    rate = median(one.per_second for one in asked) * case.records
    return f"{case.records:,}", str(case.clients), way, *latencies, f"{rate:,.0f}"


def _ratios(results: Mapping[tuple[Case, str], Sequence[Asked]]) -> list[str]:
    """Ours by the others, round by round; the middle is said, and all of them after it."""
    said = []
    for case in CASES:
        for other in (MLFLOW, BARE):
            pairs = zip(results[case, OURS], results[case, other], strict=True)
            of_rounds = [ours.latency[99] / theirs.latency[99] for ours, theirs in pairs]
            rounds = ", ".join(f"{ratio:.2f}" for ratio in of_rounds)
            said.append(
                f"{case.records:,} records, {case.clients} clients: our p99 is {median(of_rounds):.2f} times that of "
                f"{other} (rounds {rounds})."
            )
    return said


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
