"""How a data set's columns look in memory and on disk: the one mapping from our types to Arrow's."""

import pyarrow as pa

from scoring.domain.dataset import Column, DataSet

_PLAIN = {
    "text": pa.string(),
    "category": pa.string(),  # any string is carried; whether it is one of the values is for validation to say
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of one column."""
    if column.type == "decimal":
        return pa.decimal128(column.precision, column.scale)
    return _PLAIN[column.type]


def arrow_schema(data_set: DataSet) -> pa.Schema:
    """The Arrow schema of a data set's rows, columns in the order of the definition."""
    return pa.schema([pa.field(column.name, arrow_type(column)) for column in data_set.columns])
