"""What `make mutants` counts, and when it fails."""

import runpy

import pytest

from scoring.settings import PROJECT

SCRIPT = runpy.run_path(str(PROJECT / "docs" / "mutants.py"))
Survivor, complaints, table = SCRIPT["Survivor"], SCRIPT["complaints"], SCRIPT["table"]

FOUR = Survivor("scoring.a.four", "return 5")


def statuses(killed, **others):
    names = [
        *["killed"] * killed,
        *(status.replace("_", " ") for status, count in others.items() for _ in range(count)),
    ]
    return {f"scoring.a.x_four__mutmut_{number}": status for number, status in enumerate(names)}


@pytest.mark.parametrize(
    ("seen", "enough"),
    [
        (statuses(95, survived=5), True),
        (statuses(94, survived=6), False),
        (statuses(94, survived=5, timeout=1), True),
        (statuses(94, survived=5, no_tests=1), False),
        (statuses(94, survived=5, not_checked=1), False),
        ({}, False),
    ],
)
def test_it_fails_under_95_percent_and_what_has_no_test_has_survived(seen, enough):
    assert (complaints(seen, [], {}) == []) is enough


def test_it_fails_for_a_survivor_without_a_reason_and_for_a_reason_without_a_survivor():
    assert complaints(statuses(99, survived=1), [FOUR], {FOUR: "equivalent"}) == []
    assert "scoring.a.four: return 5" in complaints(statuses(99, survived=1), [FOUR], {})[0]
    assert "remove its reason" in complaints(statuses(100), [], {FOUR: "equivalent"})[0]


def test_mutants_are_counted_by_module():
    seen = {"scoring.a.b.x_f__mutmut_1": "killed", "scoring.a.xǁCǁ__str____mutmut_12": "survived"}
    assert table(["scoring.a", "scoring.a.b", "scoring.none"], seen)[2:] == [
        "| scoring.a | 1 | 0 | 1 |", "| scoring.a.b | 1 | 1 | 0 |", "| **all** | 2 | 1 | 1 |",
    ]  # fmt: skip
    assert SCRIPT["named"]("scoring.a.xǁCǁ__str____mutmut_12") == ("scoring.a", "scoring.a.C.__str__")


def test_a_survivor_is_known_by_its_changed_line():
    assert (
        SCRIPT["changed_line"]("--- a.py\n+++ a.py\n@@ -1 +1 @@\n def four():\n-    return 4\n+    return 5\n")
        == "return 5"
    )
