"""Encodes rows in the binary format of PostgreSQL's COPY, which costs both sides less than CSV.

Source: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
"""

import struct
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no header extension
_END = struct.pack(">h", -1)

_NULL = pa.scalar(struct.pack(">i", -1), pa.binary())
_NOTHING = pa.scalar(b"", pa.binary())
_NUMBERS = {pa.float64(): ">f8", pa.int16(): ">i2", pa.int32(): ">i4", pa.int64(): ">i8"}
_ARRAYS = {pa.float64(): 701, pa.int16(): 21}  # the elements' OIDs in PostgreSQL


def encode(rows: pa.Table) -> bytes:
    """Rows as bytes for COPY ... FROM STDIN (FORMAT binary); the same rows give the same bytes.

    Columns may be string, float64, int16, int32 or int64, with nulls, or dictionaries of these; the table's columns
    must have the types text, double precision, smallint, integer and bigint, or one that is sent as such a number: a
    date is an int32 of days, a timestamp an int64 of microseconds, both since 2000-01-01. A list of a fixed size of one
    of these numbers, without nulls, is an array.

    Raises
    ------
    TypeError
        If a column has another type.
    """
    return joined(fields(rows))


def fields(rows: pa.Table) -> list[pa.Array]:
    """The columns of some rows as :func:`joined` takes them; for who sends some of them, and then more.

    Raises
    ------
    TypeError
        If a column has another type than :func:`encode` takes.
    """
    return [_fields(column.combine_chunks()) for column in rows.unify_dictionaries().columns]


def joined(columns: Sequence[pa.Array]) -> bytes:
    """The bytes for COPY of rows with these columns, which :func:`fields` made."""
    count = pa.scalar(struct.pack(">h", len(columns)), pa.binary())
    rows = pc.binary_join_element_wise(count, *columns, _NOTHING)
    length = pc.sum(pc.binary_length(rows)).as_py() or 0  # its buffer may be larger
    return b"".join((_SIGNATURE, memoryview(rows.buffers()[2] or b"")[:length], _END))


def _fields(values: pa.Array) -> pa.Array:
    """Length and content of each value, as one binary array."""
    if pa.types.is_dictionary(values.type):
        found = _fields(values.dictionary).take(values.indices)
    elif pa.types.is_string(values.type):
        lengths = np.asarray(pc.fill_null(pc.binary_length(values), 0), dtype=">i4")
        found = pc.binary_join_element_wise(_as_binary(lengths), values.cast(pa.binary()), _NOTHING)
    elif pa.types.is_fixed_size_list(values.type) and values.type.value_type in _ARRAYS:
        found = _arrays(values)
    elif values.type in _NUMBERS:
        kind = np.dtype(_NUMBERS[values.type])
        numbers = np.empty(len(values), dtype=[("length", ">i4"), ("value", kind)])
        numbers["length"], numbers["value"] = kind.itemsize, pc.fill_null(values, 0)
        found = _as_binary(numbers)
        if values.null_count:
            found = pc.if_else(values.is_valid(), found, _NULL)
    else:
        raise TypeError(f"A column of type {values.type} cannot be copied.")
    return pc.fill_null(found, _NULL)


def _arrays(values: pa.FixedSizeListArray) -> pa.Array:
    """One-dimensional arrays, as PostgreSQL's array_recv takes them."""
    size, kind = values.type.list_size, np.dtype(_NUMBERS[values.type.value_type])
    element = np.dtype([("length", ">i4"), ("value", kind)])
    header = [
        ("length", ">i4"),
        ("dimensions", ">i4"),
        ("nulls", ">i4"),
        ("type", ">i4"),
        ("size", ">i4"),
        ("first", ">i4"),
    ]
    arrays = np.empty(len(values), dtype=[*header, ("elements", element, size)])
    arrays["length"] = arrays.dtype.itemsize - 4
    arrays["dimensions"], arrays["nulls"], arrays["first"] = 1, 0, 1
    arrays["type"], arrays["size"] = _ARRAYS[values.type.value_type], size
    arrays["elements"]["length"] = kind.itemsize
    arrays["elements"]["value"] = np.asarray(values.flatten()).reshape(-1, size)
    return _as_binary(arrays)


def _as_binary(items: np.ndarray) -> pa.Array:
    fixed = pa.binary(items.dtype.itemsize)
    return pa.Array.from_buffers(fixed, len(items), [None, pa.py_buffer(items)]).cast(pa.binary())
