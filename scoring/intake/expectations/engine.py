"""Runs Great Expectations on frames in memory: nothing is registered, and every failing row is found."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import great_expectations as gx
import numpy as np
import pandas as pd
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.v1_validator import Validator
from numpy.typing import NDArray

from scoring.intake.expectations.rules import Rule
from scoring.intake.expectations.tally import RuleResult

# Table rules report the first wrong values, but no query text.
TABLE = {"result_format": "BASIC", "return_unexpected_index_query": False}
# Row rules report no values, because those lists end at 200. COMPLETE lists the frame positions of all failing rows.
COUNTS = TABLE | {"exclude_unexpected_values": True}
ROWS = COUNTS | {"result_format": "COMPLETE"}


class Engine:
    """Computes rules on frames; keeps the last frame in memory until the next one."""

    def __init__(self) -> None:
        configuration = DataContextConfig(
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        )
        context = gx.get_context(mode="ephemeral", project_config=configuration)
        asset = context.data_sources.add_pandas("memory").add_dataframe_asset("rows")
        self._batches = asset.add_batch_definition_whole_dataframe("batch")

    def table(self, frame: pd.DataFrame, rules: Sequence[Rule]) -> Iterator[RuleResult]:
        """The result of each rule on a whole table.

        Raises
        ------
        DefinitionError
            If a rule cannot be computed; names it and the reason.
        """
        return self._run(self._validator(frame, TABLE), rules)

    def rows(
        self, frame: pd.DataFrame, rules: Sequence[Rule]
    ) -> Iterator[tuple[Rule, dict[str, Any], NDArray[np.bool_]]]:
        """Each row rule with Great Expectations' result and the rows (shape (rows,), bool) that fail.

        The first pass only counts, because most batches break few rules. A second pass lists the failing rows of one
        rule at a time, because Great Expectations makes an object of each.
        """
        validator = self._validator(frame, COUNTS)
        counted = [(found.rule, found.result) for found in self._run(validator, rules)]
        validator.result_format = ROWS
        for rule, result in counted:
            failing = np.zeros(len(frame), dtype=bool)
            if result.get("unexpected_count") != 0:
                (named,) = self._run(validator, [rule])
                failing[_positions(rule, named.result)] = True
            yield rule, dict(result), failing

    def _validator(self, frame: pd.DataFrame, result_format: dict[str, Any]) -> Validator:
        return Validator(self._batches, result_format=result_format, batch_parameters={"dataframe": frame})

    def _run(self, validator: Validator, rules: Sequence[Rule]) -> Iterator[RuleResult]:
        suite = gx.ExpectationSuite(name="rules", expectations=[rule.configuration for rule in rules])
        for number, expectation in enumerate(suite.expectations):
            expectation.id = str(number)  # to match the results, which come in another order
        for found in validator.validate_expectation_suite(suite).results if rules else ():
            rule = rules[int(str(cast("ExpectationConfiguration", found.expectation_config).id))]
            if reason := _exception(found.exception_info):
                raise rule.cannot_be_computed(reason)
            yield RuleResult(rule, bool(found.success), found.result)


def _positions(rule: Rule, result: Any) -> list[int]:
    """Positions of the failing rows; refuses a rule that does not list all of them."""
    positions = [int(position) for position in result.get("unexpected_index_list") or ()]
    if len(positions) != result.get("unexpected_count"):
        raise rule.cannot_be_computed("it does not say which rows fail.")
    return positions


def _exception(info: dict[str, Any]) -> str | None:
    """The first exception's message, if any: ``info`` is about the expectation, or has one entry for each metric."""
    for one in [info] if "raised_exception" in info else info.values():
        if one["raised_exception"]:
            return str(one["exception_message"]).strip().rstrip(".") + "."
    return None
