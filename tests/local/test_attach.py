"""A command beside a running platform fails with its own error alone."""

import fcntl
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest
from pydantic import SecretStr
from waiting import PATIENCE

from scoring.database import connect, value
from scoring.errors import NotFound
from scoring.local.attach import attached
from scoring.local.places import Places, private_files
from scoring.local.postgres import running_postgres, socket_of
from scoring.settings import Settings


def test_an_error_beside_a_running_platform_has_no_other_error_before_it(tmp_path):
    settings = Settings(home=tmp_path / "var", database_url=SecretStr(""))
    places = Places(settings.home)
    with private_files():
        places.make()
        with places.lock.open("a") as held, running_postgres(places):
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(NotFound) as caught, attached(settings):
                raise NotFound("what was asked for")
    assert caught.value.__context__ is None


def test_a_command_that_joined_another_ones_database_keeps_it_until_it_ends(tmp_path):
    settings = Settings(home=tmp_path / "var", database_url=SecretStr(""))
    with ExitStack() as first, ExitStack() as second, ThreadPoolExecutor(1) as pool:
        first.enter_context(attached(settings))
        joined = second.enter_context(attached(settings))
        ended = pool.submit(first.close)
        with Places(settings.home).guests.open("a") as guests, pytest.raises(BlockingIOError):
            fcntl.flock(guests, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with connect(joined.database()) as connection:
            assert value(connection, "SELECT count(*) FROM scoring.snapshot") == 0
            assert not ended.done()
        second.close()
        ended.result(timeout=PATIENCE)
    assert socket_of(Places(settings.home)) is None


def test_commands_that_start_together_share_one_database(tmp_path):
    settings = Settings(home=tmp_path / "var", database_url=SecretStr(""))
    begin = Barrier(3)

    def command(_):
        begin.wait()
        with attached(settings) as mine, connect(mine.database()) as connection:
            return value(connection, "SELECT count(*) FROM scoring.snapshot")

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(command, range(3))) == [0, 0, 0]
