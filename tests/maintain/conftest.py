"""Shops of many days: made once, then copied for each test, because publishing takes time."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator

import factories
import pytest
from factories import customers, published, query, snapshot_of
from factories_maintain import DAYS, all_told
from psycopg2 import sql
from pydantic import SecretStr
from shop_definitions import LEAVING, SPENDING

from scoring.database import connect, execute
from scoring.settings import PROJECT, Settings

_number = itertools.count(1)


def _run(server: str, statement: str, *names: str) -> None:
    with connect(server) as connection:
        connection.autocommit = True
        execute(connection, sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def made_once(server: str, champions: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop whose two scores are published at eight dates, with different customers; the CRM was told all of it."""
    home = tmp_path_factory.mktemp("days")
    shutil.copytree(
        PROJECT / "great_expectations", home / "great_expectations", ignore=shutil.ignore_patterns("uncommitted")
    )
    (home / "great_expectations" / "expectations" / "shop.json").write_text(json.dumps(factories.SUITE))
    (home / "inbox").mkdir()
    _run(server, "CREATE DATABASE {} TEMPLATE template_scoring", "template_days")
    made = Settings(
        home=home / "var",
        database_url=SecretStr(server.replace("/postgres?", "/template_days?")),
        inbox=str(home / "inbox"),
        mlflow_tracking_uri=champions.mlflow_tracking_uri,
        mlflow_artifacts=champions.mlflow_artifacts,
        expectations_dir=home / "great_expectations",
        definitions="shop_definitions",
        row_group_rows=7,
        shard_rows=14,
    )
    for number, as_of in enumerate(DAYS):
        snapshot_of(made, customers(10 + number), as_of)
        for score in (LEAVING, SPENDING):
            published(made, score, as_of)
    all_told(made)
    return made


@pytest.fixture
def copied(server: str, made_once: Settings, tmp_path) -> Iterator[Callable[[], Settings]]:
    """Makes copies of that shop, each with a database and a lake of its own; nothing of MLflow may be removed."""
    names = []

    def copy() -> Settings:
        name = f"days_{next(_number)}"
        names.append(name)
        _run(server, "CREATE DATABASE {} TEMPLATE template_days", name)
        shutil.copytree(made_once.home, tmp_path / name)
        settings = made_once.model_copy(
            update={
                "home": tmp_path / name,
                "database_url": SecretStr(server.replace("/postgres?", f"/{name}?")),
            }
        )
        moved = "UPDATE scoring.snapshot SET location = replace(location, %s, %s)"
        query(settings, moved, made_once.lake, settings.lake)
        return settings

    yield copy
    for name in names:
        _run(server, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def days(copied: Callable[[], Settings]) -> Settings:
    """One such shop."""
    return copied()
