"""The commands about streams, with a real broker: what they print, how they end, and what they say of mistakes."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys

import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from factories import JUNE, customers, published, query, snapshot_of
from factories_kafka import running_broker
from factories_stream import offsets, send, update, wait_for
from streamed_shop import LEAVING, SHOP, SPENDING
from typer.testing import CliRunner
from waiting import PATIENCE

from scoring import cli
from scoring.errors import NotFound
from scoring.settings import PROJECT

SHOWN = ("home", "database_url", "mlflow_tracking_uri", "mlflow_artifacts", "expectations_dir")


@pytest.fixture
def own_broker(tmp_path):
    """A broker of the test's own, in which the topic is that of the definition."""
    with running_broker(tmp_path / "broker.log") as address:
        admin = AdminClient({"bootstrap.servers": address})
        admin.create_topics([NewTopic(SHOP.stream.topic, 2, 1)])[SHOP.stream.topic].result(30)
        yield address


@pytest.fixture
def loaded(shop, own_broker, monkeypatch):
    """The shop with streamed scores, published for June; commands find it and the broker in the environment."""
    settings = shop.model_copy(update={"definitions": "streamed_shop"})
    snapshot_of(settings, customers(20, spend=100.0), JUNE)
    for score in (LEAVING, SPENDING):
        published(settings, score)
    for name in SHOWN:
        setting = getattr(settings, name)
        monkeypatch.setenv(
            f"SCORING_{name.upper()}",
            setting.get_secret_value() if "Secret" in type(setting).__name__ else str(setting),
        )
    monkeypatch.setenv("SCORING_DEFINITIONS", settings.definitions)
    monkeypatch.setenv("SCORING_KAFKA_SERVERS", own_broker)
    return settings


@pytest.fixture
def scoring(loaded):
    """Runs a command in this process; returns what it says."""
    assert loaded.definitions == "streamed_shop"

    def run(*arguments):
        result = CliRunner().invoke(cli.app, ["stream", *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def started(*arguments, **variables):
    """A command in a process of its own."""
    path = os.pathsep.join([str(PROJECT), str(PROJECT / "tests")])
    return subprocess.Popen(
        [sys.executable, "-m", "scoring", "stream", *arguments], text=True, cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": path, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_what_has_come_is_taken_in_and_what_became_of_it_is_printed_listed_and_explained(scoring, own_broker):
    send(own_broker, SHOP, [update(3, spend=500.0), update(5, spend=103.0), update(4, spend=-1)])
    send(own_broker, SHOP, [update(3, dt.datetime(2024, 6, 9, tzinfo=dt.UTC), spend=900.0)])
    said = scoring("shop", "--until-end")
    assert said == "4 messages: 2 accepted, 1 quarantined, 1 outdated; 4 scores, 1 changes told\n"
    assert scoring("run", "shop", "--until-end").startswith("0 messages: ")
    for listed in (scoring("list"), scoring("list", "shop")):
        title, heads, _, *lines = [line.split() for line in listed.splitlines() if line.strip()]
        assert title == ["shop:", "shop.updates"]
        assert heads[:7] == ["partition", "next", "received", "accepted", "quarantined", "outdated", "lost"]
        assert [line[0] for line in lines] == ["0", "1"]
        assert [sum(int(line[place]) for line in lines) for place in range(1, 7)] == [4, 4, 2, 1, 1, 0]
        assert "dead letters wait" not in listed
    (head, why) = scoring("refused", "shop").splitlines()
    assert head.startswith("shop.updates partition ")
    assert "(dead-lettered): " in head
    assert why.startswith("    spend: ")
    assert why.endswith(": '-1'")


def test_dead_letters_that_wait_are_counted_and_only_the_last_refusals_shown(scoring, loaded, own_broker):
    send(own_broker, SHOP, [update(4, spend=-1), update(4, spend=-2), update(4, spend=-3)])
    scoring("shop", "--until-end")
    query(loaded, "UPDATE scoring.stream_refusal SET dead_lettered_at = NULL")
    assert "3 dead letters wait for the broker." in scoring("list")
    (head, why) = scoring("refused", "shop", "--most", "1").splitlines()
    assert "(not yet dead-lettered): " in head
    assert why.endswith(": '-3'")


def test_the_schema_of_a_message_is_printed_as_json(scoring):
    schema = json.loads(scoring("schema", "shop"))
    assert set(schema["required"]) == {column.name for column in SHOP.columns}


def test_nothing_was_read_and_nothing_refused(scoring):
    assert "shop.updates" not in scoring("list")
    assert scoring("refused", "shop") == ""


def test_a_worker_reads_until_it_is_told_to_end_and_says_what_it_has_done(loaded, own_broker):
    worker = started("shop")
    try:
        send(own_broker, SHOP, [update(3, spend=500.0)])
        wait_for(loaded, 1)
        assert (loaded.home / "stream-shop.beat").exists()
        worker.send_signal(signal.SIGTERM)
        said, logged = worker.communicate(timeout=PATIENCE)
    finally:
        worker.kill()
        worker.communicate()
    assert (worker.returncode, said) == (
        0,
        "1 messages: 1 accepted, 0 quarantined, 0 outdated; 2 scores, 1 changes told\n",
    )
    assert "recorded data_set=shop" in logged
    assert sum(row[2] for row in offsets(loaded)) == 1


@pytest.mark.usefixtures("loaded")
def test_an_error_is_told_in_a_sentence_with_its_remedy_and_status_1():
    worker = started("shop", "--until-end", SCORING_KAFKA_SERVERS="")
    said, told = worker.communicate(timeout=PATIENCE)
    assert (worker.returncode, said) == (1, "")
    assert "ConfigurationError: No Kafka broker is set. Remedy: Set SCORING_KAFKA_SERVERS=host:port" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "definitions", "said"),
    [
        (("nowhere", "--until-end"), "streamed_shop", "nowhere"),
        (("list", "nowhere"), "streamed_shop", "nowhere"),
        (("refused", "nowhere"), "streamed_shop", "nowhere"),
        (("schema", "nowhere"), "streamed_shop", "nowhere"),
        (("shop", "--until-end"), "shop_definitions", "The data set shop has no stream"),
    ],
)
def test_what_is_not_there_is_named(shop, monkeypatch, arguments, definitions, said):
    monkeypatch.setenv("SCORING_DATABASE_URL", shop.database())
    monkeypatch.setenv("SCORING_DEFINITIONS", definitions)
    with pytest.raises(NotFound, match=said):
        CliRunner().invoke(cli.app, ["stream", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("arguments", [("refused", "shop", "--most", "0"), ("shop", "--for-ever"), ("run",)])
def test_what_is_called_wrongly_ends_with_status_2(arguments):
    assert CliRunner().invoke(cli.app, ["stream", *arguments]).exit_code == 2


def test_without_arguments_the_commands_are_listed():
    listed = CliRunner().invoke(cli.app, ["stream"]).output
    assert all(name in listed for name in ("run", "list", "refused", "schema"))
