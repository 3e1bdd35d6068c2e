"""The key's column of a snapshot, from the columns of the definition: the only place where keys become text in bulk."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import DataSet
from scoring.domain.keys import ESCAPE, SEPARATOR, joined, whole


def with_key(data_set: DataSet, arrays: Sequence[pa.Array]) -> list[pa.Array]:
    """Columns as the definition names them (typed), as a snapshot has them: with a key that is text."""
    if data_set.plain_key:
        return list(arrays)
    by_name = dict(zip(data_set.column_names, arrays, strict=True))
    parts = [pc.cast(by_name[name], pa.string()) for name in data_set.key_columns]
    return list((by_name | {data_set.key: parts[0] if len(parts) == 1 else joined_arrays(parts)}).values())


def joined_arrays(parts: Sequence[pa.Array]) -> pa.Array:
    """The composite keys of columns of text; null where a part is null."""
    return pc.binary_join_element_wise(*map(_escaped, parts), SEPARATOR)


def key_of(data_set: DataSet, values: Mapping[str, Any]) -> str | None:
    """The key of a single row of Python's values, by the names of the definition; None if a part is None."""
    parts = [values[name] for name in data_set.key_columns]
    if None in parts:
        return None
    texts = [part.isoformat() if isinstance(part, dt.date) else str(part) for part in parts]
    return texts[0] if len(texts) == 1 else joined(texts)


def key_written(data_set: DataSet, record: Mapping[str, Any]) -> str | None:
    """The key that a JSON record names, numbers as they were written; None if it names none."""
    parts = [record.get(name) for name in data_set.key_columns]
    texts = [_text_of(data_set, name, part) for name, part in zip(data_set.key_columns, parts, strict=True)]
    known = [text for text in texts if text is not None]
    if len(known) < len(texts):
        return None
    return known[0] if len(known) == 1 else joined(known)


def keys_written(data_set: DataSet, columns: Sequence[pa.Array]) -> pa.Array:
    """The keys of parts that are columns of text, as a file writes them: 007 is the integer 7.

    What is no integer stays as it is, so that it is the key of nobody.
    """
    parts = [
        _whole(column) if data_set.delivered(name).type == "integer" else column
        for name, column in zip(data_set.key_columns, columns, strict=True)
    ]
    return parts[0] if len(parts) == 1 else joined_arrays(parts)


def record_of(data_set: DataSet, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a snapshot as a record of the definition: an integer key is an integer, no column is added."""
    record = {name: row[name] for name in data_set.column_names}
    if not data_set.plain_key and data_set.key in record:
        record[data_set.key] = int(record[data_set.key])
    return record


def _text_of(data_set: DataSet, name: str, value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    return whole(value) if data_set.delivered(name).type == "integer" else value


def _escaped(part: pa.Array) -> pa.Array:
    for character in (ESCAPE, SEPARATOR):
        part = pc.replace_substring(part, character, ESCAPE + character)
    return part


def _whole(column: pa.Array) -> pa.Array:
    distinct = column.dictionary_encode()
    texts = [whole(text) or text for text in distinct.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(distinct.indices)
