"""What publishing does next, one row per case."""

import pytest
from factories import JULY, JUNE

from scoring.domain.score import ChangeRule
from scoring.publishing.decisions import announcing, deciding, is_too_old, publishable, telling

QUIET, LOUD = ChangeRule(band=True), ChangeRule(band=True, announce_first_load=True)


@pytest.mark.parametrize(
    ("as_of", "heard", "rule", "expected"),
    [
        pytest.param(JUNE, None, QUIET, "know", id="a first load makes everybody known"),
        pytest.param(JUNE, None, LOUD, "tell", id="a first load is told if the definition asks for it"),
        pytest.param(JULY, JUNE, QUIET, "tell", id="a newer date"),
        pytest.param(JUNE, JUNE, QUIET, "tell", id="the same date with other inputs"),
        pytest.param(JUNE, JULY, QUIET, "silent", id="an older date"),
        pytest.param(JUNE, JULY, LOUD, "silent", id="an older date, although first loads are told"),
    ],
)
def test_what_is_told_depends_on_what_was_heard(as_of, heard, rule, expected):
    assert announcing(as_of, heard, rule) == expected
    assert is_too_old(as_of, heard) is (expected == "silent")


@pytest.mark.parametrize(
    ("state", "newer", "shards", "expected_rows", "expected"),
    [
        pytest.param("open", None, {0: 14, 1: 16}, 30, "show", id="whole"),
        pytest.param("superseded", None, {0: 14, 1: 16}, 30, "show", id="superseded inputs that came back"),
        pytest.param("open", None, {}, 0, "show", id="a snapshot of nobody"),
        pytest.param("open", None, {0: 0}, 0, "show", id="a shard of nobody"),
        pytest.param("published", None, {0: 30}, 30, "published", id="shown before"),
        pytest.param("published", None, {0: 29}, 30, "published", id="shown before: its marks count no more"),
        pytest.param("open", 7, {0: 30}, 30, "overtaken", id="a later plan was shown meanwhile"),
        pytest.param("superseded", 7, {0: 30}, 30, "overtaken", id="superseded, and its inputs did not come back"),
        pytest.param("open", 7, {0: None}, 30, "overtaken", id="overtaken: its shards count no more"),
        pytest.param("open", None, {0: 30, 1: None}, 30, "waiting", id="a shard is not done, though the sum is right"),
        pytest.param("open", None, {0: 14, 1: 15}, 30, "torn", id="a row too few"),
        pytest.param("open", None, {0: 14, 1: 17}, 30, "torn", id="a row too many"),
        pytest.param("open", None, {}, 30, "torn", id="no shards of a snapshot with rows"),
    ],
)
def test_a_publication_is_shown_when_it_is_whole_and_the_newest_plan(state, newer, shards, expected_rows, expected):
    assert publishable(state, newer, shards, expected_rows) == expected


@pytest.mark.parametrize(
    ("changed", "rows", "most", "first_load", "confirmed", "expected"),
    [
        pytest.param(100, 100, None, False, False, "tell", id="no limit"),
        pytest.param(5, 10, 0.5, False, False, "tell", id="just at the limit"),
        pytest.param(6, 10, 0.5, False, False, "hold", id="above the limit"),
        pytest.param(29, 100, 0.29, False, False, "tell", id="just at a limit that float64 cannot multiply"),
        pytest.param(1, 1_000_000, 1e-6, False, False, "tell", id="just at a tiny limit"),
        pytest.param(2, 1_000_000, 1e-6, False, False, "hold", id="above a tiny limit"),
        pytest.param(10, 10, 1.0, False, False, "tell", id="everybody may change"),
        pytest.param(0, 0, 0.1, False, False, "tell", id="a publication of nobody"),
        pytest.param(10, 10, 0.1, True, False, "tell", id="a first load: everybody is new"),
        pytest.param(10, 10, 0.1, False, True, "tell", id="a person confirms it"),
    ],
)
def test_more_changes_than_the_definition_allows_need_a_person(changed, rows, most, *, first_load, confirmed, expected):
    assert telling(changed, rows, most, first_load=first_load, confirmed=confirmed) == expected


@pytest.mark.parametrize(
    ("wanted", "state", "announced", "too_old", "expected"),
    [
        ("confirmed", "held", False, False, "decide"),
        ("rejected", "held", False, False, "decide"),
        ("confirmed", "held", False, True, "overtaken"),
        ("rejected", "held", False, True, "overtaken"),
        ("confirmed", "confirmed", True, False, "done"),
        ("confirmed", "confirmed", True, True, "done"),
        ("rejected", "confirmed", True, False, "not held"),
        pytest.param("confirmed", "confirmed", False, False, "not held", id="a reset: run it again first"),
        ("rejected", "rejected", False, False, "done"),
        ("rejected", "rejected", False, True, "done"),
        pytest.param("confirmed", "rejected", False, False, "decide", id="confirmed after all"),
        pytest.param("confirmed", "rejected", False, True, "overtaken", id="after all, but too late"),
        ("confirmed", "overtaken", False, False, "overtaken"),
        ("rejected", "overtaken", False, True, "overtaken"),
        pytest.param("confirmed", "overtaken", True, False, "not held", id="within the limit and told since"),
        ("confirmed", None, True, False, "not held"),
        ("rejected", None, False, False, "not held"),
    ],
)
def test_a_person_decides_what_is_held_and_nothing_else(wanted, state, announced, too_old, expected):
    assert deciding(wanted, state, announced=announced, too_old=too_old) == expected
