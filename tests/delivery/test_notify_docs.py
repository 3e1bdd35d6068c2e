"""What docs/webhooks.md promises to the CRM's engineer is so."""

import datetime as dt
import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

from factories_notify import new_secret, publish
from waiting import until

from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notified import Notified
from scoring.delivery.notify import notify
from scoring.delivery.retry import WAITS
from scoring.settings import PROJECT

DOC = (PROJECT / "docs" / "webhooks.md").read_text()
SECRET = new_secret()


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_schedule_is_the_one_that_is_kept():
    told = re.findall(r"^\| (\d+) \| (\d+) (second|minute|hour)s \|$", DOC, re.MULTILINE)
    assert [int(attempt) for attempt, _, _ in told] == list(range(2, 11))
    assert tuple(dt.timedelta(**{f"{unit}s": int(number)}) for _, number, unit in told) == WAITS


def test_the_receiver_to_begin_with_takes_in_what_is_sent(settings, tmp_path):
    (code,) = re.findall(r"^```python\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "CRM_SECRET": SECRET.get_secret_value(),
        "CRM_DATABASE": str(tmp_path / "crm.sqlite3"),
        "CRM_PORT": str(port),
    }
    webhook = Webhook(f"http://127.0.0.1:{port}/hook", SECRET)
    publish(settings, 150)
    publish(settings, 20, version=2)
    child = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: listens(port))
        assert notify(settings.database(), webhook) == Notified(requests=2, delivered=2, events=150)
    finally:
        child.kill()
        child.wait()
    with closing(sqlite3.connect(tmp_path / "crm.sqlite3")) as database:
        assert database.execute("SELECT version, count(*) FROM score GROUP BY 1").fetchall() == [
            (1, 130),
            (2, 20),
        ]
