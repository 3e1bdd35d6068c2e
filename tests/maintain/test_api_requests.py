"""What the API was asked leaves by age, but an answer under an Idempotency-Key stays as long as was promised."""

import datetime as dt

from factories import query

from scoring.database import connect, execute
from scoring.maintain.rules import Keep, Run
from scoring.maintain.told import remove_told
from scoring.settings import KeepSettings

KEEP = Keep(**KeepSettings(api_requests=1).model_dump())
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
ASKED = """
    INSERT INTO scoring.api_request (key_id, idempotency, route, asked_digest, started_at, keep_until)
    VALUES ('0123456789ab', %s, 'POST /', repeat('0', 64), %s, %s)"""


def test_old_requests_leave_and_those_that_are_promised_or_new_stay(settings):
    day = dt.timedelta(days=1)
    requests = {
        "old": (NOW - 2 * day, NOW - day),
        "old, but promised": (NOW - 2 * day, NOW + day),
        "new": (NOW - day / 2, NOW - day / 4),
    }
    with connect(settings.database()) as connection, connection:
        for name, (asked, until) in requests.items():
            execute(connection, ASKED, (name, asked, until))
    run = Run(KEEP, NOW)
    dry = remove_told(settings.database(), Run(KEEP, NOW, dry_run=True))
    assert [part.rows for part in dry if part.kind == "API requests"] == [1]
    remove_told(settings.database(), run)
    kept = query(settings, "SELECT idempotency FROM scoring.api_request ORDER BY 1")
    assert [one.idempotency for one in kept] == ["new", "old, but promised"]
