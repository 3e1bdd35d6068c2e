"""One measured process of ``notify.py``: tells what waits by our sender, or by the loop that people write first."""

import datetime as dt
import json
import os

import psycopg2
import requests
from measure import Measured, answer
from pydantic import SecretStr
from standardwebhooks import Webhook as Signer

from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.settings import load_settings

WAITING = """
    SELECT event_id, score, customer_id, version, as_of::text, value, points, band
    FROM scoring.outbox JOIN scoring.event USING (event_id) WHERE delivery_id IS NULL ORDER BY event_id"""
NAMES = ("id", "score", "customer_id", "version", "as_of", "value", "points", "band")


def tell(way: str, url: str, most: int) -> Measured:
    """Send all that waits, ``most`` events in a request; ``changed`` is the number of requests."""
    secret, measured = os.environ["NOTIFY_SECRET"], Measured()
    with measured.phase("tell"):
        if way == "ours":
            told = notify(load_settings().database(), Webhook(url, SecretStr(secret)))
            measured.rows, measured.changed = told.events, told.requests
        else:
            measured.rows, measured.changed = _plain(load_settings().database(), url, secret, most)
    return measured


def _plain(database: str, url: str, secret: str, most: int) -> tuple[int, int]:
    """Read, post, go on: nothing is recorded, and after a crash nobody knows what was sent."""
    signer = Signer(secret)
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(WAITING)
        events = [dict(zip(NAMES, row, strict=True)) for row in cursor]
    pieces = [events[first : first + most] for first in range(0, len(events), most)]
    for number, piece in enumerate(pieces):
        body, now = json.dumps({"events": piece}, separators=(",", ":")), dt.datetime.now(dt.UTC)
        headers = {
            "webhook-id": f"msg_{number}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(msg_id=f"msg_{number}", timestamp=now, data=body),
        }
        requests.post(url, data=body, headers=headers, timeout=15).raise_for_status()
    return len(events), len(pieces)


if __name__ == "__main__":
    answer(tell)
