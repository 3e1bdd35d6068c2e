"""Great Expectations run on a frame in memory: nothing is registered, every failing row is named."""

from collections.abc import Iterator, Sequence
from typing import Any

import great_expectations as gx
import pandas as pd

from scoring.errors import DefinitionError
from scoring.stores.expectations.rules import Rule

# With these no list of values is made, the row numbers come from the index, and none of them is left out
# (lists of unexpected *values* end at 200, whatever the format).
RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}


class Engine:
    """Checks frames against rules; holds the last frame until the next one."""

    def __init__(self) -> None:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        asset = context.data_sources.add_pandas("memory").add_dataframe_asset("rows")
        self._batches = asset.add_batch_definition_whole_dataframe("batch")

    def check(self, frame: pd.DataFrame, rules: Sequence[Rule]) -> Iterator[tuple[Rule, bool, dict[str, Any]]]:
        """Each rule with whether it holds and Great Expectations' result.

        Raises
        ------
        DefinitionError
            If a rule cannot be computed; names it and the reason.
        """
        configurations = [rule.configuration for rule in rules]
        for number, configuration in enumerate(configurations):
            configuration.id = str(number)  # results come back in another order
        suite = gx.ExpectationSuite(name="rules", expectations=configurations)
        batch = self._batches.get_batch({"dataframe": frame})
        for found in batch.validate(suite, result_format=RESULT_FORMAT).results:
            rule = rules[int(found.expectation_config.id)]
            if reason := _exception(found.exception_info):
                raise cannot_be_computed(rule, reason)
            yield rule, bool(found.success), found.result


def cannot_be_computed(rule: Rule, reason: str) -> DefinitionError:
    """The error for a rule that gives no answer: such a rule must never pass."""
    about = f" (column {rule.column})" if rule.columns else ""
    return DefinitionError(f"Rule {rule.name}{about} cannot be computed: {reason} Remedy: correct it in the suite.")


def _exception(info: dict[str, Any]) -> str | None:
    """The message, when one was raised: there is one for the expectation or one for each metric."""
    if "raised_exception" in info:
        info = {"": info}
    for one in info.values():
        if one["raised_exception"]:
            return str(one["exception_message"]).strip().rstrip(".") + "."
    return None
