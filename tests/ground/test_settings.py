"""The environment is read once, its errors name the variable, and no secret is ever shown."""

import pytest

from scoring.database import connect
from scoring.errors import ConfigurationError, TransientError
from scoring.settings import Settings, channels_from, load_channel_settings, load_settings, project_of

SECRET = "hunter2"


def test_no_secret_stands_in_what_settings_show_of_themselves():
    url = f"postgresql://user:{SECRET}@host/db"
    settings = Settings(database_url=url, mlflow_tracking_uri=url, source_urls={"crm": url}, crm_secret=SECRET)
    for shown in (repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in shown
    assert settings.database() == url


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SCORING_AIRFLOW_PORT", f"{SECRET}"),
        ("SCORING_AIRFLOW_PORT", "70000"),
        ("SCORING_ROW_GROUP_ROWS", "0"),
        ("SCORING_SOURCE_URLS", f"postgresql://u:{SECRET}@h/d"),
        ("SCORING_SOURCE_URLS", f'["{SECRET}"]'),
        ("SCORING_SOURCE_ROOTS", f"/mnt/{SECRET}"),
        ("SCORING_SOURCE_URLS", f'{{"bank": {{"password": "{SECRET}"}}}}'),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_its_variable_and_never_shown(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable) as refused:
        load_settings()
    assert SECRET not in str(refused.value)
    assert refused.value.__suppress_context__


def test_values_come_from_variables(monkeypatch):
    monkeypatch.setenv("SCORING_SHARD_ROWS", "12")
    monkeypatch.setenv("SCORING_SOURCE_URLS", '{"bank": "postgresql://h/d"}')
    monkeypatch.setenv("SCORING_SOURCE_ROOTS", '["/mnt/in", "s3://bucket/in"]')
    settings = load_settings()
    assert settings.source_roots == ("/mnt/in", "s3://bucket/in")
    assert settings.shard_rows == 12
    assert settings.source_urls["bank"].get_secret_value() == "postgresql://h/d"


def test_without_a_database_the_remedy_is_said():
    with pytest.raises(ConfigurationError, match="SCORING_DATABASE_URL"):
        Settings().database()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:pass%zz{SECRET}@host/db",
        f"postgresql://user:{SECRET}/more@host/db",
        f"postgresql://user:more@{SECRET}@host/db",
        f"no uri but {SECRET}",
    ],
    ids=["wrong escape", "bare slash", "bare at sign", "no URI"],
)
def test_a_database_url_that_cannot_be_read_is_refused_without_quoting_it(url):
    with pytest.raises(ConfigurationError, match="percent-encoded") as refused, connect(url):
        pass
    assert SECRET not in str(refused.value)


def test_a_database_that_is_not_there_is_worth_another_try():
    with (
        pytest.raises(TransientError, match="cannot be reached") as refused,
        connect(f"postgresql://u:{SECRET}@127.0.0.1:1/d"),
    ):
        pass
    assert SECRET not in str(refused.value)


def test_an_installed_package_writes_in_the_working_directory_and_not_beside_itself(tmp_path):
    site, checkout, here = (tmp_path / name for name in ("site-packages", "checkout", "here"))
    (site / "scoring").mkdir(parents=True)
    (checkout / "dags").mkdir(parents=True)
    assert project_of(site / "scoring", here) == here
    assert project_of(checkout / "scoring", here) == checkout


def test_channels_are_lists_of_addresses_by_owner_and_are_never_shown(monkeypatch):
    text = f'{{"risk": ["mailto://u:{SECRET}@h"], "default": ["file", "console"]}}'
    monkeypatch.setenv("SCORING_CHANNELS", text)
    for found in (load_channel_settings(), channels_from(text)):
        assert {owner: len(addresses) for owner, addresses in found.channels.items()} == {"risk": 1, "default": 2}
        assert found.channels["risk"][0].get_secret_value() == f"mailto://u:{SECRET}@h"
        assert SECRET not in repr(found) + str(found.model_dump())


@pytest.mark.parametrize(
    "text",
    [SECRET, f'"{SECRET}"', f'["{SECRET}"]', f'{{"risk": "{SECRET}"}}', '{"risk": []}', f'{{"risk": [["{SECRET}"]]}}'],
)
def test_channels_that_cannot_be_read_are_refused_without_quoting_them(monkeypatch, text):
    monkeypatch.setenv("SCORING_CHANNELS", text)
    with pytest.raises(ConfigurationError, match="SCORING_CHANNELS") as refused:
        load_channel_settings()
    with pytest.raises(ConfigurationError, match="The channels cannot be read: write a JSON object") as refused_too:
        channels_from(text)
    for one in (refused, refused_too):
        assert SECRET not in str(one.value)
        assert one.value.__suppress_context__
