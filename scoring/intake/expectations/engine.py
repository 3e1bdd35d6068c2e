"""Great Expectations run on a frame in memory: nothing is registered, every failing row is named."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import great_expectations as gx
import pandas as pd
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.v1_validator import Validator

from scoring.intake.expectations.rules import Rule

# Without values (their lists end at 200, whatever the format) and without the text of a query. The numbers of the
# failing rows are the frame's index, and none of them is left out.
COUNTS = {"result_format": "BASIC", "exclude_unexpected_values": True, "return_unexpected_index_query": False}
ROWS = COUNTS | {"result_format": "COMPLETE"}


class Engine:
    """Computes rules on frames; holds the last frame until the next one."""

    def __init__(self) -> None:
        configuration = DataContextConfig(
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        )
        context = gx.get_context(mode="ephemeral", project_config=configuration)
        asset = context.data_sources.add_pandas("memory").add_dataframe_asset("rows")
        self._batches = asset.add_batch_definition_whole_dataframe("batch")

    def table(self, frame: pd.DataFrame, rules: Sequence[Rule]) -> Iterator[tuple[Rule, bool, dict[str, Any]]]:
        """Each rule with whether it holds and Great Expectations' result.

        Raises
        ------
        DefinitionError
            If a rule cannot be computed; names it and the reason.
        """
        return self._run(self._validator(frame), rules)

    def rows(self, frame: pd.DataFrame, rules: Sequence[Rule]) -> Iterator[tuple[Rule, dict[str, Any], list[int]]]:
        """Each row rule with Great Expectations' result and the index labels of the rows that fail.

        Most rules are broken by no row of a batch, so that their names are asked for in a second pass only.
        """
        validator = self._validator(frame)
        counted = {rule: result for rule, _, result in self._run(validator, rules)}
        broken = [rule for rule, result in counted.items() if result.get("unexpected_count") != 0]
        validator.result_format = ROWS
        named = {rule: _index(rule, result) for rule, _, result in self._run(validator, broken)}
        for rule, result in counted.items():
            yield rule, result, named.get(rule, [])

    def _validator(self, frame: pd.DataFrame) -> Validator:
        return Validator(self._batches, result_format=COUNTS, batch_parameters={"dataframe": frame})

    def _run(self, validator: Validator, rules: Sequence[Rule]) -> Iterator[tuple[Rule, bool, dict[str, Any]]]:
        suite = gx.ExpectationSuite(name="rules", expectations=[rule.configuration for rule in rules])
        for number, expectation in enumerate(suite.expectations):
            expectation.id = str(number)  # results come in another order
        for found in validator.validate_expectation_suite(suite).results if rules else ():
            rule = rules[int(str(cast("ExpectationConfiguration", found.expectation_config).id))]
            if reason := _exception(found.exception_info):
                raise rule.cannot_be_computed(reason)
            yield rule, bool(found.success), found.result


def _index(rule: Rule, result: dict[str, Any]) -> list[int]:
    """Labels of the failing rows; a rule that does not name each of them must not pass as if it did."""
    labels = [int(label) for label in result.get("unexpected_index_list") or ()]
    if len(labels) != result.get("unexpected_count"):
        raise rule.cannot_be_computed("it does not say which rows fail (types of columns stand in the definition).")
    return labels


def _exception(info: dict[str, Any]) -> str | None:
    """The message, when one was raised: there is one for the expectation or one for each metric."""
    for one in [info] if "raised_exception" in info else info.values():
        if one["raised_exception"]:
            return str(one["exception_message"]).strip().rstrip(".") + "."
    return None
