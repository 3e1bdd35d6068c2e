"""A person is forgotten everywhere, and everybody else is not."""

import json
from pathlib import Path

import pytest
from factories import JULY, JUNE, MAY, customer, deliver, published, query, state_of, value
from factories_customers import (
    PERSON,
    everybody,
    lived_in,
    traces_in_data_directory,
    traces_in_database,
    traces_in_files,
)
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.customers.forget import forget, would_erase
from scoring.customers.held import held, subject_of
from scoring.customers.registry import PLACES
from scoring.errors import NotFound
from scoring.intake.ingest import ingest
from scoring.models.registry import Registry
from scoring.outcomes.collect import collect
from scoring.publishing.passport import passport, recompute
from scoring.snapshots import lake

WHY = {"by": "Ann", "reason": "letter of 2024-08-01"}


def test_a_person_who_was_everywhere_is_nowhere_and_everybody_else_is_as_before(own_registry, champions, tmp_path):
    settings = own_registry
    lived_in(settings, tmp_path)
    before = held(subject_of(settings, SHOP, PERSON))
    streams = {"streamed scores", "updates", "refused messages", "topics"}  # of which there are none here
    assert before.places.keys() | {"out-of-fold rows", *streams} == {place.name for place in PLACES}
    assert any("shop_2024-06-30.csv" in one for one in before.elsewhere)
    assert any("CRM was told" in one for one in before.elsewhere)
    assert traces_in_database(settings)
    state = state_of(settings)

    done = forget(settings, SHOP, PERSON, **WHY, rewrite_tables=True)

    ours = [path for path in tmp_path.iterdir() if path.name not in ("inbox", "crm.sqlite3")]
    assert traces_in_files(*ours, Path(champions.mlflow_artifacts)) == []
    assert traces_in_database(settings) == []
    assert traces_in_data_directory(settings) == []
    left_otherwise = {"scores", *streams}  # scores left with their snapshots
    assert done.erased.keys() | left_otherwise == {place.name for place in PLACES}
    assert would_erase(settings, SHOP, PERSON).places == {}
    assert value(settings, "SELECT state FROM scoring.erasure") == "done"

    _counts_conserve(settings)
    _everybody_else_is_as_before(settings, state)
    _a_second_run_changes_nothing(settings)


def _counts_conserve(settings):
    for one in query(settings, "SELECT * FROM scoring.snapshot"):
        assert one.received == one.accepted + one.quarantined + one.duplicates
        with lake.SnapshotFile(one.location) as file:
            assert file.rows == one.accepted - one.erased
        kept = value(settings, "SELECT count(*) FROM scoring.quarantined_row WHERE snapshot_id = %s", one.snapshot_id)
        assert kept == one.kept
    assert [row.erased for row in query(settings, "SELECT erased FROM scoring.snapshot ORDER BY as_of")] == [0, 1, 1]
    for one in query(settings, "SELECT publication_id, rows, erased FROM scoring.publication"):
        rows = value(settings, f"SELECT count(*) FROM scoring.score_{one.publication_id}")
        assert (rows, one.erased) == (one.rows - 1, 1)
    for one in query(settings, "SELECT batch_id, recorded, erased, received, unchanged, quarantined, duplicates FROM "
                               "scoring.outcome_batch"):  # fmt: skip
        assert one.received == one.recorded + one.unchanged + one.quarantined + one.duplicates
        rows = value(settings, "SELECT count(*) FROM scoring.outcome WHERE batch_id = %s", one.batch_id)
        assert rows == one.recorded - one.erased
    for one in query(settings, "SELECT body, events FROM scoring.delivery"):
        assert len(json.loads(one.body)["data"]["events"]) == one.events


def _everybody_else_is_as_before(settings, state):
    after = state_of(settings)
    for table in ("snapshot", "publication"):
        assert after[table] == state[table]
    for table in ("score", "announcement", "event", "outbox"):
        assert after[table] == [row for row in state[table] if PERSON not in row]
    for score in (LEAVING, SPENDING):
        for other in ("c0001", "c0002", "c0029"):  # of her row group, and of others
            found = passport(settings, score.name, other, JUNE)
            assert abs(recompute(settings, found) - found.row.value) <= 1e-9 * max(1, abs(found.row.value))
        with pytest.raises(NotFound):
            passport(settings, score.name, PERSON, JUNE)
    Registry(settings.mlflow_tracking_uri.get_secret_value()).out_of_fold(_newest(settings))  # its digest is right


def _newest(settings):
    return Registry(settings.mlflow_tracking_uri.get_secret_value()).versions(SPENDING.model_name)[0]


def _a_second_run_changes_nothing(settings):
    """Also the source, which still has the person, delivers the same again; later it delivers something new."""
    state = state_of(settings)
    for as_of in (MAY, JUNE, JULY):
        assert ingest(settings, SHOP, as_of).unchanged
    for as_of in (JUNE, JULY):
        for score in (LEAVING, SPENDING):
            published(settings, score, as_of)
    assert collect(settings, SPENDING, JUNE).found
    assert state_of(settings) == state
    assert would_erase(settings, SHOP, PERSON).places == {}
    deliver(settings, [*everybody(JULY), customer(31)], JULY)
    taken = ingest(settings, SHOP, JULY)
    assert not taken.unchanged
    assert (taken.received, taken.accepted) == (32, 32)
    deliver(settings, everybody(MAY)[1:], MAY)
    assert ingest(settings, SHOP, MAY).quarantined == 1
    published(settings, SPENDING, JULY)
    assert would_erase(settings, SHOP, PERSON).places == {}
