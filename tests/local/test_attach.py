"""A command beside a running platform fails with its own error alone."""

import fcntl

import pytest
from pydantic import SecretStr

from scoring.errors import NotFound
from scoring.local.attach import attached
from scoring.local.places import Places, private_files
from scoring.local.postgres import running_postgres
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
