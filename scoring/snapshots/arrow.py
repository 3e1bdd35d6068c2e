"""The only mapping from the column types of a data set to Arrow types, in memory and on disk."""

import pyarrow as pa

from scoring.domain.dataset import Column, DataSet

_PLAIN = {
    "text": pa.string(),
    "category": pa.string(),  # any string: validation checks that it is a known value
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "boolean": pa.bool_(),
}


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of one column."""
    if column.type == "decimal":
        return pa.decimal128(column.precision, column.scale)
    return _PLAIN[column.type]


def arrow_schema(data_set: DataSet) -> pa.Schema:
    """The Arrow schema of a data set's rows in a snapshot: the columns :attr:`DataSet.stored`."""
    return pa.schema([pa.field(column.name, arrow_type(column)) for column in data_set.stored])
