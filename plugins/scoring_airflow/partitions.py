"""Which partition a run is about: the partition key that woke it, or the date a person chose in the form."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from scoring.errors import PermanentError

# Airflow's form requires a field whose type is "string", without "null". A run that a schedule, a snapshot or another
# system starts by its partition key has no as_of, and Airflow checks the fields of every run by their JSON schema. In
# draft 7 nothing that stands beside "$ref" counts, so the form reads the upper type, and the check reads the lower one.
REQUIRED_IN_THE_FORM = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "As of",
    "type": "string",
    "format": "date",
    "$ref": "#/definitions/date_or_nothing",
    "definitions": {"date_or_nothing": {"type": ["string", "null"], "format": "date"}},
}


class PartitionError(PermanentError):
    """The run does not say, or says wrongly, which partition it is about."""


def as_of_param(what: str) -> Param:
    """The field of the form that chooses the partition; ``what`` completes "The day ...": ``to score``."""
    return Param(
        None,
        description=f"The day {what}: the date that the customers' data describes.",
        schema=REQUIRED_IN_THE_FORM,
    )


def partition(context: Mapping[str, Any]) -> dt.date:
    """The as_of of a run.

    Raises
    ------
    PartitionError
        If neither the partition key nor the form's ``as_of`` is given, they differ, or it is no date.
    """
    key, chosen = context["dag_run"].partition_key, context["params"].get("as_of")
    if key and chosen and key != chosen:
        raise PartitionError(
            f"The run has the partition key {key!r} and the parameter as_of {chosen!r}.",
            remedy="Trigger it again with one of the two.",
        )
    if not (key or chosen):
        raise PartitionError("The run names no partition.", remedy="Trigger it again with as_of, e.g. 2005-06-30.")
    try:
        return dt.date.fromisoformat(key or chosen)
    except ValueError:
        raise PartitionError(
            f"{key or chosen!r} is not a date.", remedy="Trigger it again with as_of like 2005-06-30."
        ) from None
