"""When a partition is stopped and how much of what was refused is kept: exact shares, tables of cases."""

import re
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.intake.expectations.findings import TableFinding
from scoring.intake.limits import keeps_all, most_refused, reason_to_stop
from scoring.intake.quarantine import sample_only
from scoring.intake.shares import share_of


@given(st.integers(0, 10_000), st.integers(0, 10**9))
def test_a_share_is_the_decimal_that_a_person_wrote(ten_thousandths, count):
    assert share_of(ten_thousandths / 10_000, count) == Fraction(ten_thousandths, 10_000) * count


MOST = [(0.29, 100, 29), (0.05, 30_000, 1500), (0.05, 19, 0), (0.05, 20, 1), (0.0, 10, 0), (1.0, 7, 7), (0.1, 0, 0)]


@pytest.mark.parametrize(("limit", "received", "most"), MOST)
def test_so_many_rows_may_be_refused_and_no_more(limit, received, most):
    assert most_refused(limit, received) == most
    assert reason_to_stop(limit, [], received=received, quarantined=most) is None
    if most < received:
        assert reason_to_stop(limit, [], received=received, quarantined=most + 1) is not None


def test_the_reason_gives_the_counts_and_the_limit():
    said = reason_to_stop(0.05, [], received=200, quarantined=20)
    assert said == "20 of 200 rows (10.00%) are quarantined; the limit is 5.00%, at most 10."


def finding(severity, rule="expect_x"):
    return TableFinding(rule, "spend", severity, "3 of 9 rows")


TABLE = {
    "a warning": ([finding("warning")], None),
    "information": ([finding("info")], None),
    "a critical rule": ([finding("critical")], "expect_x does not hold: 3 of 9 rows."),
    "two of them beside a warning": (
        [finding("critical"), finding("warning"), finding("critical", "expect_y")],
        "expect_x does not hold: 3 of 9 rows; expect_y does not hold: 3 of 9 rows.",
    ),
}


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_a_critical_rule_about_the_whole_table_stops_and_others_do_not(case):
    table, said = case
    assert reason_to_stop(0.1, table, received=10, quarantined=0) == said


def test_both_reasons_are_said():
    said = reason_to_stop(0.0, [finding("critical")], received=10, quarantined=1)
    assert said == (
        "1 of 10 rows (10.00%) are quarantined; the limit is 0.00%, at most 0. expect_x does not hold: 3 of 9 rows."
    )


KEPT = [
    (10, 10, None, True),  # no limit: a replay
    (10**6, 10**7, None, True),
    (10, 10**9, 10, True),  # within the limit: each row is needed
    (11, 5_000, 10, True),  # beyond it, but few
    (11, 5_001, 10, False),
]


@pytest.mark.parametrize(("refused", "breaches", "most", "kept"), KEPT)
def test_all_refused_rows_are_kept_unless_the_partition_is_stopped_for_very_many(refused, breaches, most, kept):
    assert keeps_all(refused, breaches, most) is kept


@pytest.mark.parametrize("quarantined", [1, 1200, 1201, 1249, 9999, 10_000])
def test_the_limit_that_the_warning_about_a_sample_advises_keeps_all_rows(quarantined):
    said = sample_only(SimpleNamespace(kept=0, quarantined=quarantined, received=10_000))
    (limit,) = re.findall(r"quarantine_limit to (\d\.\d\d) or more", said)
    assert most_refused(float(limit), 10_000) >= quarantined
