"""Fills the tables of the page by plain SQL: any number of days of the scores of page_definitions, in seconds."""

import datetime as dt
from contextlib import closing
from pathlib import Path

import psycopg2
from page_definitions import FEATURES

from scoring.catalog import load_catalog

HORIZON = 30  # days until a cohort is mature
VERSION_DAYS = 120  # days until the next model version
STATEMENTS = Path(__file__).with_suffix(".sql")


def fill(url: str, *, days: int, last: dt.date) -> None:
    """Everything about ``days`` daily partitions of each score up to ``last``: plausible, and the same each time."""
    scores = load_catalog("page_definitions").scores.values()
    arguments = {
        "scores": [score.name for score in scores],
        "kinds": [score.kind for score in scores],
        "features": list(FEATURES),
        "days": days,
        "last": last,
        "horizon": HORIZON,
        "version_days": VERSION_DAYS,
    }
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        cursor.execute(STATEMENTS.read_text(), arguments)
