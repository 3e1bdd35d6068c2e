"""A kill of the local platform leaves nothing that keeps its PostgreSQL from starting again."""

from pathlib import Path

import pytest

from scoring.local.postgres import forget_what_a_kill_left


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
