"""A database with seventy days of five scores, filled once: the exporter only reads."""

import datetime as dt

import factories_exporter
import pytest


@pytest.fixture(scope="session")
def filled(server: str) -> str:
    """URI of the filled database; its newest date is today."""
    return factories_exporter.filled(server, "exporter_filled", last=dt.datetime.now(dt.UTC).date())
