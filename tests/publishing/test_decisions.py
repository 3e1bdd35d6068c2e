"""What publishing does next, one row per case."""

import pytest
from factories import JULY, JUNE

from scoring.domain.score import ChangeRule
from scoring.publishing.decisions import announcing, is_too_old, publishable

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
