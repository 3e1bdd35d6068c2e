"""What docs/kafka.md promises to whoever reads the topics is so."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

from factories_kafka import produce
from factories_topics import ENDPOINT, add_endpoint, announced, publish
from waiting import until

from scoring.delivery.adapters.refusals import TABLE
from scoring.delivery.notify import notify
from scoring.settings import PROJECT

DOC = (PROJECT / "docs" / "kafka.md").read_text()
(CONSUMER,) = re.findall(r"^```python\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)


def scores(database):
    with closing(sqlite3.connect(database)) as connection:
        try:
            found = connection.execute("SELECT customer_id, version, value FROM score").fetchall()
        except sqlite3.OperationalError:  # not made yet
            return {}
    return {customer: (version, value) for customer, version, value in found}


def test_the_consumer_to_begin_with_knows_what_is_announced_although_it_is_killed(settings, broker, tmp_path):
    kafka = add_endpoint(settings, broker)
    topic = kafka.topic.replace("{score}", "delinquency_risk")
    database = tmp_path / "scores.sqlite3"
    environment = os.environ | {"KAFKA_SERVERS": broker, "KAFKA_TOPIC": topic, "SCORES_DATABASE": str(database)}
    for version in (1, 2):
        publish(settings, 30 * version, version=version)
        notify(settings.database(), kafka, ENDPOINT)
        child = subprocess.Popen([sys.executable, "-c", CONSUMER], env=environment)
        try:
            until(lambda: scores(database) == announced(settings))
        finally:
            child.kill()
            child.wait()
    produce(broker, topic, [("c000000001", None)])
    child = subprocess.Popen([sys.executable, "-c", CONSUMER], env=environment)
    try:
        until(lambda: "c000000001" not in scores(database))
    finally:
        child.kill()
        child.wait()
    assert len(scores(database)) == 59


def test_every_answer_is_in_the_table():
    told = set(re.findall(r"\b(\d{3})\b", " ".join(re.findall(r"^\| ([\d, ]+) \|", DOC, re.MULTILINE))))
    assert {str(one.status) for one in TABLE.values() if one.status} | {"500"} == told
