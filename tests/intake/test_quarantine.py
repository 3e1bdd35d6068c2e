"""Bad rows: kept with the reason, corrected in a file, and replayed into a superseding snapshot."""

import csv
import io

import pytest
from factories import JUNE, customer, customers, deliver, in_quarantine, published, query, value
from shop_definitions import SHOP, SPENDING

from scoring.database import connect
from scoring.domain.dataset import CsvSource
from scoring.errors import NotFound, PermanentError, SourceError
from scoring.intake.builder import Origin, SnapshotBuilder
from scoring.intake.expectations import load_suite
from scoring.intake.ingest import ingest
from scoring.intake.quarantine import export, replay
from scoring.snapshots import manifest

BAD = {5: {"spend": -1.0}, 105: {"plan": "gold"}}
ROWS = [customer(number, **BAD.get(number, {})) for number in range(200)]


@pytest.fixture
def bad(shop):
    """The shop with 200 customers, of whom c0005 and c0105 (rows 6 and 106) are refused: 1 %."""
    deliver(shop, ROWS)
    ingest(shop, SHOP, JUNE)
    return shop


def exported(settings, data_set=SHOP):
    file = io.StringIO()
    export(settings, data_set, JUNE, file)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def replayed(settings, path, lines, data_set=SHOP):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["row_number", *SHOP.column_names, "broken_rules"])
        writer.writeheader()
        writer.writerows(lines)
    return replay(settings, data_set, JUNE, str(path))


def counts(found):
    return found.received, found.accepted, found.quarantined, found.duplicates


def current(settings):
    with connect(settings.database()) as connection:
        return manifest.current(connection, "shop", JUNE)


def scored_customers(settings):
    return {row.customer_id for row in query(settings, "SELECT customer_id FROM scoring.current_score")}


CORRECT = {"6": {"spend": "105"}, "106": {"plan": "paid"}}


def corrected(lines, numbers=("6", "106")):
    return [{**line, **CORRECT[line["row_number"]]} for line in lines if line["row_number"] in numbers]


def test_one_percent_of_bad_rows_leaves_ninety_nine_percent_scored(bad):
    assert counts(current(bad)) == (200, 198, 2, 0)
    assert published(bad, SPENDING).rows == 198
    assert scored_customers(bad) == {row["customer_id"] for row in ROWS} - {"c0005", "c0105"}


def test_every_bad_row_stands_in_quarantine_with_rule_column_value_and_all_that_was_received(bad):
    _, rows = in_quarantine(bad)
    breaches = [(row.row_number, row.customer_id, row.breaches[0].column, row.breaches[0].value) for row in rows]
    assert breaches == [
        (6, "c0005", "spend", "-1.0"),
        (106, "c0105", "plan", "gold"),
    ]
    assert "between" in rows[0].breaches[0].rule
    assert "in_set" in rows[1].breaches[0].rule
    expected = {**ROWS[5], "joined": str(ROWS[5]["joined"]), "balance": "5.05"}
    assert rows[0].content == expected


def test_a_row_that_breaks_two_rules_counts_once_and_says_both(shop):
    deliver(shop, [*customers(20), customer(30, spend=-1.0, plan="gold")])
    assert counts(ingest(shop, SHOP, JUNE)) == (21, 20, 1, 0)
    (line,) = exported(shop)
    assert "spend: " in line["broken_rules"]
    assert "plan: " in line["broken_rules"]


def test_replaying_corrected_rows_scores_exactly_those_in_addition(bad, tmp_path):
    first = published(bad, SPENDING)
    intake = replayed(bad, tmp_path / "fixed.csv", corrected(exported(bad)))
    assert counts(intake) == (200, 200, 0, 0)
    again = published(bad, SPENDING)
    assert (first.rows, again.rows, again.changed) == (198, 200, 2)
    assert scored_customers(bad) == {row["customer_id"] for row in ROWS}
    last = query(bad, "SELECT customer_id FROM scoring.event WHERE publication_id = %s", again.publication_id)
    assert sorted(row.customer_id for row in last) == ["c0005", "c0105"]
    assert value(bad, "SELECT value FROM scoring.current_score WHERE customer_id = 'c0005'") == 105.0


def test_rows_left_out_or_still_bad_stay_in_quarantine_and_the_counts_conserve(bad, tmp_path):
    lines = exported(bad)
    assert counts(replayed(bad, tmp_path / "one.csv", corrected(lines, ("6",)))) == (200, 199, 1, 0)
    still_bad = [{**exported(bad)[0], "plan": "silver"}]
    assert counts(replayed(bad, tmp_path / "two.csv", still_bad)) == (200, 199, 1, 0)
    _, rows = in_quarantine(bad)
    assert [(row.row_number, row.breaches[0].value) for row in rows] == [(106, "silver")]
    assert counts(replayed(bad, tmp_path / "three.csv", corrected(exported(bad), ("106",)))) == (200, 200, 0, 0)


def test_the_original_file_again_does_not_undo_a_replay(bad, tmp_path):
    replayed(bad, tmp_path / "one.csv", corrected(exported(bad), ("6",)))
    replayed(bad, tmp_path / "two.csv", corrected(exported(bad), ("106",)))
    again = ingest(bad, SHOP, JUNE)
    assert again.unchanged
    assert counts(again) == counts(current(bad)) == (200, 200, 0, 0)


def test_another_file_supersedes_a_replay(bad, tmp_path):
    replayed(bad, tmp_path / "fixed.csv", corrected(exported(bad)))
    deliver(bad, customers(50))
    assert counts(ingest(bad, SHOP, JUNE)) == counts(current(bad)) == (50, 50, 0, 0)


@pytest.mark.parametrize("null", ["", "NA"], ids=["empty cells", "a word"])
def test_an_export_replayed_unchanged_changes_nothing(shop, tmp_path, null):
    data_set = SHOP.model_copy(update={"source": CsvSource(path="shop_{as_of}.csv", null_values=(null,))})
    gap = {"active": null, "balance": null, "joined": null}
    bad_rows = [customer(30, spend=-1e22, **gap), customer(31, customer_id='x,"y"\n', spend=0.1)]
    deliver(shop, [customer(number, **gap) for number in range(30)] + bad_rows)
    before = ingest(shop, data_set, JUNE)
    assert before.quarantined == 2
    after = replayed(shop, tmp_path / "same.csv", exported(shop, data_set), data_set)
    assert after.unchanged
    assert after.digest == before.digest


REFUSED = {
    "a stranger": (
        lambda lines: [{**lines[0], "row_number": "7"}],
        "row 1, column 'row_number': row number 7 is not in",
    ),
    "a row twice": (lambda lines: [lines[0], lines[0]], "row 2, column 'row_number': row number 6 appears twice"),
    "no row number": (lambda lines: [{**lines[0], "row_number": ""}], "column 'row_number'"),
    "the key of an accepted row": (
        lambda lines: [lines[0], {**lines[1], "customer_id": "c0001"}],
        "row 2, column 'customer_id': the key 'c0001' belongs to an accepted row",
    ),
    "a key twice": (
        lambda lines: [lines[0], {**lines[1], "customer_id": "c0005"}],
        "row 2, column 'customer_id': the key 'c0005' appears twice",
    ),
    "a wrong type": (lambda lines: [{**lines[0], "visits": "many"}], "row 1, column 'visits'"),
}


@pytest.mark.parametrize(("change", "said"), REFUSED.values(), ids=REFUSED)
def test_a_replay_is_refused_with_row_and_column(bad, tmp_path, change, said):
    before = current(bad)
    with pytest.raises(SourceError, match=r"Remedy") as refused:
        replayed(bad, tmp_path / "fixed.csv", change(corrected(exported(bad))))
    assert said in str(refused.value)
    assert current(bad) == before


def test_a_replay_of_nothing_ingested_is_refused(shop, tmp_path):
    with pytest.raises(NotFound):
        replay(shop, SHOP, JUNE, str(tmp_path / "x.csv"))


def test_a_replay_whose_base_is_superseded_meanwhile_changes_nothing(bad, tmp_path):
    overtaken = current(bad)
    builder = SnapshotBuilder(bad, SHOP, JUNE, tmp_path)  # a replay that is under way
    deliver(bad, ROWS[:150])
    ingest(bad, SHOP, JUNE)
    newer = current(bad)
    suite = load_suite(bad.expectations_dir, SHOP)
    origin = Origin("corrections", received=0, duplicates=0, corrects=overtaken.snapshot_id)
    new = builder.judge(suite, suite.validation(), origin)
    with pytest.raises(PermanentError, match="ingested again"):
        builder.record(new)
    assert current(bad) == newer
