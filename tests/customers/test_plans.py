"""What is held about a person is looked up where rows are many; nobody else's rows are gone through."""

from contextlib import closing

import psycopg2
import pytest
from pydantic import SecretStr
from shop_definitions import SHOP
from waiting import until

from scoring.customers.place import Subject
from scoring.customers.publications import Publications
from scoring.customers.requests import Requests
from scoring.customers.tables import ANNOUNCEMENTS, EVENTS, OUTCOMES, STREAMED, UPDATES

PLACES = (Publications(), STREAMED, ANNOUNCEMENTS, EVENTS, Requests(), OUTCOMES, UPDATES)
BIG = ("announcement", "event", "streamed_score", "customer_update", "outcome", "api_request")


@pytest.fixture
def subject(settings, busy):
    asked = settings.model_copy(update={"database_url": SecretStr(busy), "definitions": "shop_definitions"})
    return Subject(asked, SHOP, "c0000150")


def read_through(url):
    """The big tables and partitions that any session has gone through, once all others have ended."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'scoring'"
    tables = """SELECT relname FROM pg_stat_user_tables
        WHERE seq_scan > 0 AND (relname = ANY(%s) OR relname ~ '^score_[0-9]+$')"""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def ended():
            cursor.execute(others)
            return cursor.fetchone() == (0,)

        until(ended)
        cursor.execute(tables, (list(BIG),))
        return {name for (name,) in cursor}


def reset(url):
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_reset()")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_place_is_shown_and_erased_by_look_ups(subject, place):
    reset(subject.database)
    assert place.find(subject)
    assert read_through(subject.database) == set()
    assert place.erase(subject) > 0
    assert read_through(subject.database) == set()
