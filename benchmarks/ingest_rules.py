"""The suite of the benchmark of ingest: what a person would ask of the synthetic customers, in both ways the same."""

from typing import Any

from bench_definitions import AMOUNTS, FEATURES, KEY, WHOLE

Expectation = tuple[str, dict[str, Any]]

IMPLIED: list[Expectation] = [("expect_column_values_to_not_be_null", {"column": name}) for name in (KEY, *FEATURES)]
LOW, HIGH = -1e9, 1e9
BY_ROW: list[Expectation] = [
    ("expect_column_values_to_match_regex", {"column": KEY, "regex": "^[0-9]{10}$"}),
    *(("expect_column_values_to_be_between", {"column": name, "min_value": -10, "max_value": 200}) for name in WHOLE),
    *(
        ("expect_column_values_to_be_between", {"column": name, "min_value": LOW, "max_value": HIGH})
        for name in AMOUNTS
    ),
]
OF_TABLE: list[Expectation] = [
    ("expect_column_mean_to_be_between", {"column": "age", "min_value": 25, "max_value": 60}),
    ("expect_table_row_count_to_be_between", {"min_value": 1}),
]
SUITE = {
    "name": "bench_customers",
    "expectations": [{"type": kind, "kwargs": kwargs, "severity": "critical"} for kind, kwargs in BY_ROW + OF_TABLE],
}
