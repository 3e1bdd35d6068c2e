"""A real MariaDB server of the tests' own, on a socket in a folder of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

SECONDS = 60.0
TOOLS = ("mariadbd", "mariadb-install-db")
PATH = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"  # where Debian has servers


def require_mariadb() -> None:
    """Skip the test where MariaDB is not installed; CI must have it."""
    missing = [tool for tool in TOOLS if shutil.which(tool, path=PATH) is None]
    if missing and os.environ.get("CI"):
        pytest.fail("CI must have it: apt-get install mariadb-server", pytrace=False)
    if missing:
        pytest.skip(f"there is no {missing[0]}; Debian has the package mariadb-server")


@contextmanager
def mariadb_server() -> Iterator[tuple[str, subprocess.Popen]]:
    """A server with the database ``company``: the URL of its administrator, and its process."""
    with tempfile.TemporaryDirectory(prefix="scoring-mariadb-") as name:  # short, for a socket's path has a limit
        folder = Path(name)
        data, address = folder / "data", folder / "socket"
        common = ["--no-defaults", f"--datadir={data}", f"--user={_user()}"]
        install = [shutil.which("mariadb-install-db", path=PATH), *common, "--auth-root-authentication-method=normal",
                   "--skip-test-db"]  # fmt: skip
        done = subprocess.run(install, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        command = [shutil.which("mariadbd", path=PATH), *common, f"--socket={address}", "--skip-networking",
                   f"--pid-file={folder / 'pid'}", "--innodb-buffer-pool-size=32M", f"--tmpdir={folder}"]  # fmt: skip
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            _wait(process, address, log)
            execute(address, "CREATE DATABASE company")
            yield f"mysql+pymysql://root@localhost/company?unix_socket={address}", process
        finally:
            process.terminate()
            process.wait(SECONDS)


def execute(address: Path, *statements: str, database: str | None = None) -> None:
    """Run statements as the administrator."""
    with pymysql.connect(
        unix_socket=str(address), user="root", autocommit=True, database=database, sql_mode=""
    ) as connection:
        for statement in statements:
            connection.cursor().execute(statement)


def socket_of(url: str) -> Path:
    """The socket that a URL names."""
    return Path(url.partition("unix_socket=")[2])


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _wait(process: subprocess.Popen, address: Path, log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not _listens(address):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"MariaDB does not start: {log.read_text()}")
        time.sleep(0.05)


def _listens(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(address)) == 0
