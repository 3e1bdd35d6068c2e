"""What becomes of content that was taken in: a table of cases, and the law behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.intake.settling import Settlement, settle

CASES = {  # current, known, lineage, stopped: what becomes of it
    "new content": (None, None, (), False, Settlement("record")),
    "new content after another": (1, None, (), False, Settlement("record")),
    "new content that is stopped": (1, None, (), True, Settlement("record")),
    "the current content again": (1, 1, (1,), False, Settlement("keep", 1)),
    "the current content, stopped now": (1, 1, (1,), True, Settlement("stop", 1)),
    "the original file after a replay": (2, 1, (1, 2), False, Settlement("keep", 2)),
    "the original file after a replay, stopped now": (2, 1, (1, 2), True, Settlement("keep", 2)),
    "earlier content comes back": (3, 1, (1,), False, Settlement("restore", 1)),
    "the original of a replay comes back after another file": (3, 1, (1, 2), False, Settlement("restore", 2)),
    "earlier content, stopped now": (3, 1, (1,), True, Settlement("stop", 1)),
    "content that was stopped is good now": (None, 1, (), False, Settlement("restore", 1)),
    "content that was stopped is stopped again": (None, 1, (), True, Settlement("stop", 1)),
    "content that was stopped beside a current one": (2, 1, (), True, Settlement("stop", 1)),
    "content that was stopped is good now beside another": (2, 1, (), False, Settlement("restore", 1)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_content_is_recorded_kept_stopped_or_restored(case):
    current, known, lineage, stopped, expected = case
    assert settle(current, known, lineage, stopped=stopped) == expected


ids = st.integers(1, 5)


@given(st.none() | ids, ids, st.lists(ids, unique=True).map(tuple), st.booleans())
def test_stopped_content_never_becomes_current_and_a_replay_is_never_undone(current, known, lineage, stopped):
    found = settle(current, known, lineage, stopped=stopped)
    assert not (stopped and found.action == "restore")
    if current in lineage and current != known:
        assert found == Settlement("keep", current)
