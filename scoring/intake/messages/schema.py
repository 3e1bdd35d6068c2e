"""The JSON Schema of a data set's records, and an example."""

import datetime as dt
from typing import Any

from scoring.domain.dataset import Column, DataSet

_JSON: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "category": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "decimal": {"type": ["number", "string"]},
    "boolean": {"type": "boolean"},
}
_EXAMPLES: dict[str, Any] = {
    "text": "00000001", "date": dt.date(2005, 6, 30).isoformat(), "integer": 30, "number": 1000.0, "decimal": "10.25",
    "boolean": True, "timestamp": dt.datetime(2005, 6, 30, 12, tzinfo=dt.UTC).isoformat(),
}  # fmt: skip


def record_schema(data_set: DataSet) -> dict[str, Any]:
    """The JSON Schema of a record, in a request and in a message of the data set's stream."""
    return {
        "type": "object",
        "title": data_set.title,
        "description": data_set.description,
        "properties": {column.name: _schema(column) for column in data_set.columns},
        "required": list(data_set.column_names),
        "additionalProperties": False,
    }


def example_record(data_set: DataSet) -> dict[str, Any]:
    """A record in the right form; it need not keep the rules of the suite."""
    return {column.name: column.values[0] if column.values else _EXAMPLES[column.type] for column in data_set.columns}


def _schema(column: Column) -> dict[str, Any]:
    found: dict[str, Any] = dict(_JSON[column.type])
    if column.values:
        found["enum"] = [*column.values, None] if column.nullable else list(column.values)
    if column.nullable:
        kinds = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = [*kinds, "null"]
    return found | ({"description": column.description} if column.description else {})


def message_schema(data_set: DataSet) -> dict[str, Any]:
    """The JSON Schema of the value of a message, by itself."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | record_schema(data_set)
