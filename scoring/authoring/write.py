"""Writes what was seen of a source as a definition and a suite, with what is unsure as comments. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scoring.authoring.code import INDENT, WIDTH, call, comment, literal
from scoring.authoring.guess import Guess, key_of
from scoring.authoring.seen import Look

LEAST_SHARE = 2  # a file with less than half of the rows is worth a warning


def definition(name: str, look: Look, *, path: str, target: str | None) -> str:
    """The text of a definition file.

    Parameters
    ----------
    path
        The path of the source, as the definition is to name it; the query of a database.
    target
        The column that a score is to predict, by its name here or in the source. None: without a score.

    Raises
    ------
    ValueError
        If the data have no such column, or it cannot be predicted; says why.
    """
    columns, key, why = _columns(look)
    constant = name.upper()
    keys = f'"{key[0]}"' if len(key) == 1 else literal(key)
    parts = [
        f'"""{_title(name)}: begun by `scoring init`; lines with "unsure" are worth a look."""\n',
        *_imports(look, target=target is not None),
        "",
        *(line for one in look.unsure for line in comment(f"unsure: {one}")),
        *(comment(f"unsure, the key: {why}") if why else ()),
        f"{constant} = DataSet(",
        f"{INDENT}name={name!r},".replace("'", '"'),
        f'{INDENT}title="{_title(name)}",',
        f'{INDENT}owner="scoring",  # who is told of what goes wrong',
        f"{INDENT}key={keys},",
        f"{INDENT}columns=(",
        *(f"{INDENT * 2}{line}" for one in columns for line in _column(one, look)),
        f"{INDENT}),",
        f"{INDENT}source={_source(look, path)},",
        *(
            [f"{INDENT}first_as_of=dt.date({look.as_of.year}, {look.as_of.month}, {look.as_of.day}),"]
            if look.as_of
            else []
        ),
        ")",
    ]
    if target is not None:
        parts += ["", "", *_score(name, constant, columns, key, target)]
    else:
        parts += ["", *_hint(name)]
    return "\n".join(parts) + "\n"


def suite(name: str, look: Look) -> str:
    """The text of a suite: ranges that were seen are warnings, and so is a file with less than half of the rows."""
    expectations: list[dict[str, object]] = [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": one.name, "min_value": one.low, "max_value": one.high},
            "severity": "warning",
        }
        for one in _columns(look)[0]
        if one.low is not None and one.type in ("integer", "number")
    ]
    expectations.append(
        {
            "type": "expect_table_row_count_to_be_between",
            "kwargs": {"min_value": max(1, look.rows // LEAST_SHARE)},
            "severity": "warning",
        }
    )
    lines = ",\n    ".join(json.dumps(one) for one in expectations)
    return f'{{\n  "name": {json.dumps(name)},\n  "expectations": [\n    {lines}\n  ]\n}}\n'


def _columns(look: Look) -> tuple[list[Guess], tuple[str, ...], str]:
    """The columns as they are written, the names of the key's, and what is unsure about it."""
    key, why = key_of(look.columns, look.pairs)
    columns = list(look.columns)
    if not key:
        return columns, (columns[0].name,), why
    for one in key:
        text = look.kind == "csv" or one.type == "category"  # other values than those that were seen will come
        columns[columns.index(one)] = replace(
            one, type="text" if text else one.type, values=(), low=None, high=None, unsure=()
        )
    return columns, tuple(one.name for one in key), why


def _imports(look: Look, *, target: bool) -> Iterator[str]:
    if look.as_of:
        yield "import datetime as dt"
    if target:
        yield "from typing import Any"
    if look.as_of or target:
        yield ""
    names = ", ".join(sorted(("Column", "DataSet", _class(look)), key=str.lower))
    yield f"from scoring.domain.dataset import {names}"
    if target:
        yield "from scoring.domain.horizon import Horizon"
        yield "from scoring.domain.score import ChangeRule, Score, Target"


def _class(look: Look) -> str:
    return _CLASSES.get(look.kind, "PostgresSource")


_CLASSES = {"csv": "CsvSource", "parquet": "ParquetSource", "excel": "ExcelSource", "sql": "SqlSource"}


def _column(one: Guess, look: Look) -> Iterator[str]:
    for said in one.unsure:
        yield from comment(f"unsure: {said}")
    given: dict[str, object] = {"name": one.name, "type": one.type}
    if one.source != one.name:
        given["source"] = one.source
    if one.nullable:
        given["nullable"] = True
    if one.type == "category":
        given["values"] = one.values
    if one.type == "decimal":
        given |= {"precision": one.precision, "scale": one.scale}
    if one.type == "timestamp" and not one.zoned:
        given["time_zone"] = "UTC"
    if look.kind == "csv":
        given |= _spelling(one)
    yield from call("Column", given, end=",", room=WIDTH - 2 * len(INDENT))


def _spelling(one: Guess) -> dict[str, object]:
    """How cells of a CSV are written, where that is not our way."""
    given: dict[str, object] = {}
    if one.nulls not in ((), ("",)) and one.type not in ("text", "category"):
        given["null_values"] = one.nulls
    if one.date_format is not None:
        given["format"] = one.date_format
    return given


def _source(look: Look, path: str) -> str:
    given: dict[str, object] = {"path": path}
    if look.connection is not None:
        given = {"connection": look.connection, "query": path}
    if look.kind == "csv":
        given |= _dialect(look)
    if look.dialect.skip_rows:
        given["skip_rows"] = look.dialect.skip_rows
    if look.sheet is not None:
        given["sheet"] = look.sheet
    lines = list(call(_class(look), given, end="", room=WIDTH - len(INDENT) - len("source=,")))
    return f"\n{INDENT}".join(lines)


def _dialect(look: Look) -> dict[str, object]:
    """The arguments that say how a file of text is written, where that is not our way."""
    dialect, marks = look.dialect, look.marks
    words = [one.words for one in look.columns if one.words is not None]
    true, false = (
        (tuple(dict.fromkeys(word.lower() for word in side)) for side in zip(*words, strict=True))
        if words
        else ((), ())
    )
    given = {
        "separator": (dialect.separator, ","),
        "encoding": (dialect.encoding, "utf-8"),
        "decimal_mark": (marks.decimal, "."),
        "thousands_mark": (marks.thousands, ""),
        "true_values": (true or ("true",), ("true",)),
        "false_values": (false or ("false",), ("false",)),
    }
    return {name: value for name, (value, usual) in given.items() if value != usual}


def _score(name: str, constant: str, columns: Sequence[Guess], key: Sequence[str], target: str) -> Iterator[str]:
    named = [one for one in columns if one.name == target] or [one for one in columns if one.source == target]
    if not named:
        raise ValueError(f"there is no column {target!r}; there are {', '.join(one.name for one in columns)}")
    aim, target = named[0], named[0].name
    features = [one.name for one in columns if one.name not in (*key, target) and one.type in _FEATURES]
    if not features:
        raise ValueError("no other column is a number, a boolean or a category, so there is nothing to learn from")
    classes, how = _aim(aim)
    kind = "classification" if classes else "regression"
    yield from (
        "def _estimator() -> Any:",
        f"{INDENT}from sklearn.ensemble import HistGradientBoosting{'Classifier' if classes else 'Regressor'}",
        "",
        f"{INDENT}return HistGradientBoosting{'Classifier' if classes else 'Regressor'}(random_state=0)",
        "",
        "",
        f"{name.upper()}_{target.upper()} = Score(",
        f'{INDENT}name="{_score_name(name, target)}",',
        f'{INDENT}title="{_title(target)}",',
        f'{INDENT}owner="scoring",',
        f"{INDENT}data_set={constant}.name,",
        f'{INDENT}kind="{kind}",',
        f"{INDENT}features=(",
        *(f'{INDENT * 2}"{feature}",' for feature in features),
        f"{INDENT}),",
        f"{INDENT}# unsure: how long after a snapshot the outcome is known.",
        *([f"{INDENT}# unsure: which values are the outcome; there may be several."] if aim.values else []),
        f'{INDENT}target=Target(column="{target}", horizon=Horizon(months=1){how}),',
        f"{INDENT}estimator=_estimator,",
        *([f"{INDENT}points=100,"] if classes else []),
        f"{INDENT}# unsure: which changes the CRM is to be told of.",
        f"{INDENT}change=ChangeRule({'points=10' if classes else 'relative=0.1'}),",
        ")",
    )


_FEATURES = ("integer", "number", "decimal", "boolean", "category")


def _aim(aim: Guess) -> tuple[bool, str]:
    """Whether a column is a class to predict, and the argument that says which."""
    if aim.type == "boolean" or (aim.type == "integer" and (aim.low, aim.high) == (0, 1)):
        return True, ", at_least=1"
    if aim.type == "category":
        return True, f", positive=({literal(aim.values[-1])},)"
    if aim.type not in ("integer", "number", "decimal"):
        raise ValueError(
            f"column {aim.name!r} is a {aim.type}; what is predicted is an amount, a boolean or some values of a "
            "category"
        )
    return False, ""


def _hint(name: str) -> Iterator[str]:
    yield f"# A score of these customers: `scoring init {name} <file> --target <column> --overwrite` begins one;"
    yield "# docs/adding-a-score.md says what its fields mean."


def _score_name(name: str, target: str) -> str:
    return target if target != name else f"{target}_score"


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
