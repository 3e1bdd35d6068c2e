"""What the local platform writes is its owner's alone, whatever the umask and whoever runs PostgreSQL."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from scoring.local.places import Places, private_files
from scoring.local.postgres import running_postgres
from scoring.local.processes import children


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def readable_by_others(root: Path) -> list[str]:
    return [
        str(path) for path in root.rglob("*") if not path.is_symlink() and not path.is_socket() and mode(path) & 0o077
    ]


@pytest.fixture
def umask_022():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask_022")
def test_what_an_earlier_version_left_open_is_closed(tmp_path):
    places = Places(tmp_path / "var")
    (places.home / "lake" / "shop").mkdir(parents=True)
    (places.home / "lake" / "shop" / "x.parquet").write_text("customers")
    tool = places.home / "tool"
    tool.write_text("")
    tool.chmod(0o755)
    outside = tmp_path / "outside"
    outside.write_text("")
    (places.home / "link").symlink_to(outside)
    places.make()
    assert readable_by_others(tmp_path / "var") == []
    assert (mode(places.home), mode(tool), mode(outside)) == (0o700, 0o700, 0o644)


@pytest.mark.usefixtures("umask_022")
def test_postgresql_runs_in_a_home_that_nobody_else_can_list(tmp_path):
    tmp_path.chmod(0o700)
    places = Places(tmp_path / "var")
    for _ in range(2):  # made, and taken over
        with private_files():
            places.make()
            with running_postgres(places) as server:
                psycopg2.connect(server.url("scoring")).close()
                closed = 0o711 if os.getuid() == 0 else 0o700
                assert (mode(places.home), mode(tmp_path)) == (closed, closed)
                assert mode(places.postgres) & 0o077 == 0
                assert readable_by_others(places.home) == []


@pytest.mark.usefixtures("umask_022")
def test_what_a_child_process_writes_is_private(tmp_path):
    places = Places(tmp_path / "var")
    places.make()
    with children(places) as started:
        child = started.start("writer", [sys.executable, "-c", f"open({str(places.home / 'made')!r}, 'w')"], os.environ)
        child.process.wait(60)
    assert mode(places.home / "made") == 0o600


def test_the_umask_is_the_persons_again_afterwards():
    script = "import os\nfrom scoring.local.places import private_files\nos.umask(0o022)\n"
    script += "with private_files(): pass\nprint(oct(os.umask(0)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0o22\n"
