"""A key that is taken in can be published: it fits into every index that it stands in."""

import random

import psycopg2
import pytest
from factories import JUNE, MAY, customer, customers, deliver, published, value
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.database import transaction
from scoring.domain.dataset import MAX_KEY_BYTES
from scoring.errors import SourceError
from scoring.intake.ingest import ingest


def incompressible(size: int) -> str:
    """A key of that many bytes that PostgreSQL cannot pack: it is stored as it is."""
    draw = random.Random(size)  # noqa: S311 - no secret
    letters = [chr(code) for code in range(33, 127) if chr(code) not in "\"',"]
    return "c" + "".join(draw.choices(letters, k=size - 1))


def test_the_longest_key_is_published_and_told_to_the_crm(shop):
    key = incompressible(MAX_KEY_BYTES)
    for as_of, spend in ((MAY, 100.0), (JUNE, 900.0)):
        deliver(shop, [*customers(3), customer(9, customer_id=key, spend=spend)], as_of)
        assert ingest(shop, SHOP, as_of).accepted == 4
        for score in (LEAVING, SPENDING):
            published(shop, score, as_of)
    assert value(shop, "SELECT count(*) FROM scoring.published_score WHERE customer_id = %s", key) == 4
    assert (
        value(shop, "SELECT version FROM scoring.announcement WHERE score = 'spending' AND customer_id = %s", key) == 2
    )


def test_a_longer_key_is_refused_with_its_place(shop):
    deliver(shop, [*customers(3), customer(9, customer_id="é" * (MAX_KEY_BYTES // 2) + "x")])
    with pytest.raises(
        SourceError, match=r"row 4, column 'customer_id': The key has 2,001 bytes; a key may have 2,000"
    ):
        ingest(shop, SHOP, JUNE)


# An index of PostgreSQL ends its rows at 2,704 bytes; each of ours with a key in it, with the longest name of a score.
INDEXED = {
    "announcement": "INSERT INTO scoring.announcement (score, customer_id, version, as_of, value, publication_id) "
    "VALUES (%s, %s, 1, '2024-06-30', 1, 1)",
    "event": "INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value) "
    "VALUES (%s, %s, 1, '2024-06-30', 1, 1, 1)",
    "customer_update": "INSERT INTO scoring.customer_update (data_set, customer_id, event_time, topic, partition_id, "
    "message_offset, content) VALUES (%s, %s, now(), 't', 0, 0, '{}')",
    "outcome": "INSERT INTO scoring.outcome (score, customer_id, as_of, value, observed_at, origin, batch_id) "
    "VALUES (%s, %s, '2024-06-30', 1, '2024-07-31', 'system', NULL)",
    "stream_refusal": "INSERT INTO scoring.stream_refusal (data_set, customer_id, topic, partition_id, message_offset, "
    "rules, columns, \"values\", reason, bytes) VALUES (%s, %s, 't', 0, 0, '{r}', '{c}', '{v}', 'r', 1)",
    "streamed_score": "WITH made AS (INSERT INTO scoring.stream_origin (origin_digest, score, arm, model_name, "
    "model_version, model_digest, definition_digest, code_version) "
    "VALUES (repeat('0', 64), 's', 'champion', 'm', 1, repeat('0', 64), 'd', 'c') RETURNING origin_id) "
    "INSERT INTO scoring.streamed_score (score, customer_id, value, origin_id, event_time, topic, partition_id, "
    "message_offset) SELECT %s, %s, 1, origin_id, now(), 't', 0, 0 FROM made",
}


@pytest.mark.parametrize("table", INDEXED)
def test_the_longest_key_stands_beside_the_longest_name_in_an_index_with_room_to_spare(shop, table):
    with transaction(shop.database()) as connection, connection.cursor() as cursor:
        cursor.execute(INDEXED[table], ("s" * 48, incompressible(MAX_KEY_BYTES + 500)))
        connection.rollback()
    with (
        pytest.raises(psycopg2.errors.ProgramLimitExceeded),
        psycopg2.connect(shop.database()) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(INDEXED[table], ("s" * 48, incompressible(2_704)))
    connection.close()


def test_every_index_that_holds_a_key_is_among_those_tried(shop):
    tables = """SELECT string_agg(DISTINCT c.relname, ' ' ORDER BY c.relname) FROM pg_index i
        JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
        WHERE n.nspname = 'scoring' AND a.attname = 'customer_id'"""
    assert value(shop, tables) == " ".join(sorted(INDEXED))
