"""An installation that holds a person in every place there is, and a search for traces of them, byte by byte."""

import datetime as dt
import gzip
import html
import json
import struct
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg2
import pyarrow.parquet as pq
from factories import JULY, JUNE, MAY, customer, deliver, published, query, register, value
from factories_notify import new_secret
from psycopg2 import sql
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.alerts.facts import Fact, note
from scoring.database import connect, transaction
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.delivery.outbox import pack
from scoring.intake.ingest import ingest
from scoring.learning.train import train
from scoring.local.receiver import Fault, FaultPlan, Receiver
from scoring.monitoring.monitor import conclude, perform
from scoring.monitoring.pages.write import write_reports
from scoring.monitoring.watch import measure_drift
from scoring.outcomes.collect import collect
from scoring.outcomes.correct import correct, correct_file
from scoring.settings import Settings

PERSON = 'cÉva&<"7>'  # an id that JSON, HTML and URLs write in their own ways
MOOD, BALANCE = 1.2345678, "4711815.42"
SPENT = {MAY: -87654.321, JUNE: 98765.4321, JULY: 112233.445}  # in May the row is refused
VALUES = [str(abs(spend)) for spend in SPENT.values()] + [str(MOOD), BALANCE]
SECRET = new_secret()
LATER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def person(as_of, **values):
    return customer(7, customer_id=PERSON, mood=MOOD, balance=BALANCE, spend=SPENT[as_of], visits=3, **values)


def everybody(as_of):
    """The person third among thirty."""
    others = [customer(n, spend=100.0 + n + 10 * as_of.month, visits=(n * as_of.month) % 11) for n in range(30)]
    return [*others[:2], person(as_of), *others[2:]]


def lived_in(settings: Settings, folder: Path) -> None:
    """Two publications of two scores with deliveries, outcomes, corrections, reports, models, alerts and logs."""
    for as_of in (MAY, JUNE, JULY):
        rows = everybody(as_of)
        if as_of == JUNE:
            rows.append(customer(99, spend=-1.0))  # somebody else is refused
        deliver(settings, rows, as_of)
        ingest(settings, SHOP, as_of)
    register(settings, LEAVING)
    train(settings, SPENDING, JUNE)
    for as_of in (JUNE, JULY):
        published(settings, LEAVING, as_of)
        published(settings, SPENDING, as_of)
        measure_drift(settings, SPENDING, as_of)
    _deliver(settings, folder)
    _outcomes(settings)
    write_reports(settings, SPENDING, JULY, now=LATER)
    _shadow(settings)
    _asked(settings)
    _texts(settings)


def _asked(settings):
    """The API keeps what it was asked and answered."""
    row = next(one for one in everybody(JULY) if one["customer_id"] == PERSON)
    query(
        settings,
        """INSERT INTO scoring.api_request (key_id, route, asked_digest, asked, customers, status, answer, answered_at,
            keep_until) VALUES ('0123456789ab', 'POST /v1/scores/leaving', repeat('0', 64), %s, ARRAY[%s], 200, %s,
            now(), now())""",
        json.dumps({"records": [row]}, default=str),
        PERSON,
        json.dumps({"results": [{"result": {"customer_id": PERSON}}]}),
    )


def _deliver(settings, folder):
    with Receiver(SECRET, folder / "crm.sqlite3") as receiver:
        notify(settings.database(), Webhook(receiver.url, SECRET))
        assert value(settings, "SELECT count(*) FROM scoring.delivery WHERE state = 'delivered'")
        query(settings, "UPDATE scoring.announcement SET value = 0, band = 'none', model_version = NULL")
    query(settings, "UPDATE scoring.publication SET announces = false WHERE as_of = %s", JULY)
    for score in (LEAVING, SPENDING):
        published(settings, score, JULY)
    plan = FaultPlan(fail=(Fault(status=500, times=9),))
    with connect(settings.database()) as connection, connection:
        assert pack(connection, Webhook("", SECRET))
    with Receiver(SECRET, folder / "crm.sqlite3", plan=plan) as receiver:
        notify(settings.database(), Webhook(receiver.url, SECRET))
    assert value(settings, "SELECT count(*) FROM scoring.delivery WHERE state = 'pending' AND attempts > 0")


def _outcomes(settings):
    collect(settings, SPENDING, JUNE)
    why = {"author": "Ann", "reason": f"{PERSON} phoned"}
    correct(settings, SPENDING, JUNE, PERSON, written="112233.5", **why)
    file = Path(settings.inbox) / "corrections.csv"
    named = '"' + PERSON.replace('"', '""') + '"'
    file.write_text(f"customer_id,as_of,value,reason\n{named},{JUNE},much,?\nc0001,{JUNE},7,{named}\n")
    correct_file(settings, SPENDING, str(file), author="Ann", anywhere=True)
    perform(settings, SPENDING, JUNE, today=LATER.date())
    conclude(settings, SPENDING, JUNE)
    write_reports(settings, SPENDING, JUNE, now=LATER)


def _shadow(settings):
    number = value(settings, "SELECT max(publication_id) FROM scoring.publication")
    query(settings, f"CREATE TABLE scoring.shadow_{number} PARTITION OF scoring.shadow_score FOR VALUES IN ({number})")
    query(
        settings,
        "INSERT INTO scoring.shadow_score VALUES (%s, 1, %s, 0.5), (%s, 1, 'c0001', 0.5)",
        number,
        PERSON,
        number,
    )


def _texts(settings):
    with transaction(settings.database()) as connection:
        note(
            connection, Fact("task_failed", f"run {PERSON}", "shop", f"Failed at {PERSON}", f"No {VALUES[1]}.", "Look.")
        )
    query(settings, "UPDATE scoring.attempt SET error = %s WHERE error IS NOT NULL", f"no {PERSON} here")
    query(
        settings,
        """INSERT INTO scoring.announcement_reset (score, was, until, reset_by, reason)
        VALUES ('leaving', '2024-07-31', '2024-06-30', 'Ann', %s)""",
        f"wrong for {PERSON}",
    )
    logs = settings.logs_root / "tasks"
    logs.mkdir(parents=True)
    (logs / "attempt=1.log").write_text(f"{json.dumps({'event': f'customer {PERSON!r} has {VALUES[1]}'})}\nnext line\n")
    (logs / "old.log.gz").write_bytes(gzip.compress(f"{quote(PERSON)} and {PERSON}\n".encode()))
    (logs / "empty.log").touch()


def traces_in_database(settings: Settings) -> list[str]:
    """Columns in which the id or a value of the person stands, each column of each table as text."""
    found = []
    with closing(psycopg2.connect(settings.database())) as connection, connection.cursor() as cursor:
        cursor.execute("""SELECT table_schema, table_name, column_name FROM information_schema.columns
            WHERE table_schema NOT IN ('pg_catalog', 'information_schema') OR table_name IN ('pg_stats')""")
        for schema, table, name in cursor.fetchall():
            cursor.execute(
                sql.SQL("SELECT {}::text FROM {}.{} WHERE {} IS NOT NULL").format(
                    sql.Identifier(name), sql.Identifier(schema), sql.Identifier(table), sql.Identifier(name)
                )
            )
            text = "\n".join(row[0] for row in cursor).encode()
            found += [f"{schema}.{table}.{name}: {trace!r}" for trace in _forms() if trace in text]
    return found


def traces_in_files(*roots: Path) -> list[str]:
    """Files in which they stand: as they are, unpacked, and Parquet by reading it; numbers as float64, too."""
    found = []
    for path in (path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        elif path.suffix == ".parquet":
            content += repr(pq.read_table(path).to_pylist()).encode()
        forms = [*_forms(), *(() if path.suffix == ".skops" else _binary())]
        found += [f"{path}: {trace!r}" for trace in forms if trace in content]
    return found


def traces_in_data_directory(settings: Settings) -> list[str]:
    """Files of the database itself in which they stand, after a checkpoint."""
    query(settings, "CHECKPOINT")
    base = Path(value(settings, "SELECT current_setting('data_directory')"), "base")
    oid = value(settings, "SELECT oid::text FROM pg_database WHERE datname = current_database()")
    return traces_in_files(base / oid)


def _forms() -> list[bytes]:
    ids = {
        PERSON,
        json.dumps(PERSON)[1:-1],
        json.dumps(PERSON, ensure_ascii=False)[1:-1],
        html.escape(PERSON),
        quote(PERSON),
    }
    return [one.encode() for one in (*sorted(ids), *VALUES)]


def _binary() -> list[bytes]:
    numbers = [abs(spend) for spend in SPENT.values()] + [MOOD]
    return [struct.pack("<d", one) for one in numbers] + [struct.pack("<d", SPENT[MAY])]
