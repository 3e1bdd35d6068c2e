"""A part of the local platform that is gone is noticed, whatever its exit status."""

import sys
from pathlib import Path

import pytest

from scoring.local.places import Places
from scoring.local.processes import children


@pytest.mark.parametrize(
    ("status", "ends", "noticed"), [(0, False, True), (1, False, True), (0, True, False), (1, True, True)]
)
def test_a_service_that_ends_is_noticed_and_so_is_a_job_that_fails(
    tmp_path: Path, status: int, *, ends: bool, noticed: bool
) -> None:
    places = Places(tmp_path)
    places.make()
    with children(places) as started:
        child = started.start("part", [sys.executable, "-c", f"raise SystemExit({status})"], {}, ends=ends)
        child.process.wait(60)
        assert started.ended() is (child if noticed else None)


def test_a_service_that_runs_is_fine(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    with children(places) as started:
        started.start("part", [sys.executable, "-c", "import signal; signal.pause()"], {})
        assert started.ended() is None
