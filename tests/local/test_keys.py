"""The secrets of the local platform outlive upgrades, and the API knows its key."""

import datetime as dt
import json
import stat

import pytest

from scoring.database import transaction
from scoring.errors import ConfigurationError
from scoring.local import watched
from scoring.local.keys import load_keys
from scoring.local.places import Places
from scoring.serving import key_store, keys


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


def test_keys_are_made_once_for_the_owner_only(places):
    made = load_keys(places)
    assert load_keys(places) == made
    assert stat.S_IMODE(places.keys.stat().st_mode) == 0o600


def test_a_file_of_an_earlier_version_keeps_its_keys_and_gets_the_new_ones(places):
    load_keys(places)
    earlier = {name: key for name, key in json.loads(places.keys.read_text()).items() if name != "api_key"}
    places.keys.write_text(json.dumps(earlier))
    upgraded = load_keys(places)
    assert {name: key.get_secret_value() for name, key in upgraded if name != "api_key"} == earlier
    assert load_keys(places) == upgraded


@pytest.mark.parametrize("content", ["{", "[]", '{"unknown": "x"}'])
def test_a_file_that_cannot_be_read_is_named(places, content):
    places.keys.write_text(content)
    with pytest.raises(ConfigurationError, match=str(places.keys)):
        load_keys(places)


def opens(settings, held):
    key_id, secret = keys.parts(watched.api_key(held))
    with transaction(settings.database()) as connection:
        return keys.opens(key_store.find(connection, key_id), secret, dt.datetime.now(dt.UTC))


def test_the_api_knows_the_platforms_key_and_only_the_newest(settings, tmp_path):
    first, second = load_keys(Places(tmp_path)), load_keys(Places(settings.expectations_dir))
    watched.admit(settings, first)
    watched.admit(settings, first)
    assert opens(settings, first)
    watched.admit(settings, second)
    assert opens(settings, second)
    assert not opens(settings, first)
