"""A check of a decision as rows of a table, and as a person reads it."""

from scoring.learning.checks import Check, lines, rows

FOUND = [Check("primary", True, "it is better", metric="mae", value=2.0), Check("size", False, "it is too large")]


def test_checks_are_rows_in_their_order_with_the_columns_asked_for():
    assert rows(7, FOUND, ("name", "metric", "value", "passed")) == [
        (7, 0, "primary", "mae", 2.0, True), (7, 1, "size", "", None, False),
    ]  # fmt: skip
    assert rows(7, [], ("name",)) == []


def test_a_person_sees_first_which_do_not_hold():
    assert list(lines(FOUND)) == ["  ok  it is better", "  NO  it is too large"]
