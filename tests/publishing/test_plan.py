"""A plan's inputs decide what is made; what was planned for another file is planned anew."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from factories import JUNE, customers, query, snapshot_of, value
from hypothesis import given
from hypothesis import strategies as st
from shop_definitions import SPENDING

from scoring.database import transaction
from scoring.domain.definition import digest_of
from scoring.errors import PermanentError
from scoring.publishing.passport import reproduces
from scoring.publishing.plan import inputs_digest, plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publications import Arm
from scoring.publishing.publish import publish
from scoring.snapshots import lake
from scoring.snapshots.writing import RowGroupWriter

ARM = Arm("champion", "spending", 1, "a" * 64, trained_with="1.9.1", scored_with="1.9.1")

OTHERS = {
    "another snapshot": ("c" * 64, [ARM], "d" * 64),
    "another definition": ("b" * 64, [ARM], "e" * 64),
    "another model": ("b" * 64, [replace(ARM, model_digest="f" * 64)], "d" * 64),
    "another version": ("b" * 64, [replace(ARM, model_version=2)], "d" * 64),
    "another scikit-learn": ("b" * 64, [replace(ARM, scored_with="1.9.2")], "d" * 64),
    "another arm": ("b" * 64, [ARM, replace(ARM, arm="challenger")], "d" * 64),
    "an experiment": ("b" * 64, [replace(ARM, experiment_id=1, share=0.5, salt="e" * 32)], "d" * 64),
}


@pytest.mark.parametrize("inputs", OTHERS.values(), ids=OTHERS)
def test_each_input_is_in_the_digest(inputs):
    assert inputs_digest(*inputs) != inputs_digest("b" * 64, [ARM], "d" * 64)


@pytest.mark.parametrize("other", [{"share": 0.4}, {"salt": "f" * 32}])
def test_the_share_and_the_salt_of_an_experiment_are_in_the_digest(other):
    arm = replace(ARM, experiment_id=1, share=0.5, salt="e" * 32)
    assert inputs_digest("b" * 64, [arm], "d" * 64) != inputs_digest("b" * 64, [replace(arm, **other)], "d" * 64)
    assert inputs_digest("b" * 64, [arm], "d" * 64) == inputs_digest(
        "b" * 64, [replace(arm, experiment_id=2)], "d" * 64
    )


def test_the_digest_is_that_of_the_first_release_where_its_inputs_are_all_there_is():
    arm = {"arm": "champion", "model_name": "spending", "model_version": 1, "model_digest": "a" * 64}
    assert inputs_digest("b" * 64, [ARM], "d" * 64) == digest_of(["b" * 64, [arm], "d" * 64])


def made_anew(snapshot, row_group_rows):
    """The snapshot's file lost and made again, in other pieces."""
    with lake.SnapshotFile(snapshot.location) as file:
        rows = file.read()
    Path(snapshot.location).unlink()
    writer = RowGroupWriter(Path(snapshot.location), rows.schema, row_group_rows)
    for batch in rows.to_batches():
        writer.write(batch)
    writer.close(snapshot.digest)


@pytest.mark.parametrize("row_group_rows", [3, 30], ids=["smaller", "larger"])
def test_a_partition_is_planned_anew_when_its_file_has_other_row_groups(shop, row_group_rows):
    snapshot = snapshot_of(shop, customers(30))
    first = plan(shop, SPENDING, JUNE, run_id="test")
    score_shard(shop, first.publication_id, 0)
    made_anew(snapshot, row_group_rows)
    if row_group_rows > shop.row_group_rows:
        with pytest.raises(PermanentError, match=r"ends with row group .*written again.*from its first task"):
            score_shard(shop, first.publication_id, 1)
    again = plan(shop, SPENDING, JUNE, run_id="test")
    assert again.publication_id != first.publication_id
    for shard in again.shards:
        score_shard(shop, again.publication_id, shard)
    assert publish(shop, again.publication_id).rows == 30
    assert value(shop, "SELECT count(*) FROM scoring.publication") == 1


def test_nothing_is_published_whose_outcomes_could_never_be_known(shop):
    with pytest.raises(PermanentError, match="would be known after the year 9999"):
        plan(shop, SPENDING, dt.date(9999, 12, 31), run_id="test")


def test_a_partition_that_is_half_done_goes_on_where_it_was(shop):
    snapshot_of(shop, customers(30))
    first = plan(shop, SPENDING, JUNE, run_id="test")
    score_shard(shop, first.publication_id, 1)
    again = plan(shop, SPENDING, JUNE, run_id="other")
    assert (again.publication_id, again.shards) == (first.publication_id, [0, 2])


def test_a_definition_that_changed_is_another_publication(shop, tmp_path, monkeypatch):
    snapshot_of(shop, customers(9))
    first = plan(shop, SPENDING, JUNE, run_id="test")
    (tmp_path / "stricter_shop.py").write_text(
        "import shop_definitions\nfrom shop_definitions import LEAVING, SHOP\n"
        "SPENDING = shop_definitions.SPENDING.model_copy(update={'minimum': 1.0})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from stricter_shop import SPENDING as STRICTER

    second = plan(shop.model_copy(update={"definitions": "stricter_shop"}), STRICTER, JUNE, run_id="test")
    assert second.publication_id != first.publication_id


def test_a_worker_with_other_packages_scores_nothing(shop):
    snapshot_of(shop, customers(9))
    planned = plan(shop, SPENDING, JUNE, run_id="test")
    with transaction(shop.database()) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE scoring.arm SET scored_with = '1.9.99'")
    with pytest.raises(PermanentError, match=r"was to be scored with scikit-learn 1\.9\.99.*on all workers"):
        score_shard(shop, planned.publication_id, 0)
    assert query(shop, f"SELECT * FROM scoring.score_{planned.publication_id}") == []


TOLERANCES = [
    (0.5, 0.5, True),
    (0.5, 0.5 + 0.9e-9, True),
    (0.5, 0.5 + 1.1e-9, False),
    (8.4e9, 8.4e9 + 1.0, True),  # the last digits of a large amount
    (8.4e9, 8.4e9 + 100.0, False),
    (0.0, 1e-10, True),
    (0.0, 1e-8, False),
    (-3.0, 3.0, False),
]


@pytest.mark.parametrize(("published", "again", "same"), TOLERANCES)
def test_a_value_is_reproduced_within_rounding_of_its_size(published, again, same):
    assert reproduces(published, again) is same


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_value_reproduces_itself(number):
    assert reproduces(number, number)
