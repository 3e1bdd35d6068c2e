"""Which of PostgreSQL's types each of our types accepts, by their fixed OIDs (pg_type.dat)."""

from scoring.domain.dataset import Column
from scoring.errors import Finding
from scoring.intake.sources.findings import Findings

BOOLEAN = 16

_INTEGERS = {20: "bigint", 21: "smallint", 23: "integer"}
_NUMERIC = {1700: "numeric"}
_FLOATS = {700: "real", 701: "double precision"}
_DATE = {1082: "date"}
_LOCAL_TIME, _MOMENT = {1114: "timestamp"}, {1184: "timestamptz"}
_BOOLEAN = {BOOLEAN: "boolean"}
_TEXTS = {25: "text", 1043: "varchar", 1042: "char", 19: "name", 18: '"char"'}
_OTHERS = {1083: "time", 1266: "timetz", 1186: "interval", 17: "bytea", 114: "json", 3802: "jsonb"}
_NAMES = _INTEGERS | _NUMERIC | _FLOATS | _DATE | _LOCAL_TIME | _MOMENT | _BOOLEAN | _TEXTS | _OTHERS
_ACCEPTED = {
    "integer": _INTEGERS | _NUMERIC,
    "number": _INTEGERS | _NUMERIC | _FLOATS,
    "decimal": _INTEGERS | _NUMERIC,
    "date": _DATE,
    "timestamp": _LOCAL_TIME | _MOMENT,
    "boolean": _BOOLEAN,
}
_CAST = {"integer": "bigint", "number": "double precision", "decimal": "numeric", "category": "text"} | {
    "timestamp": "timestamptz"
}


def check_type(oid: int, column: Column, built_in: frozenset[int], findings: Findings) -> None:
    """Note a finding if the column does not accept the type; text also accepts user-defined types (an enumeration).

    ``built_in`` are the OIDs of the types that no user defined.
    """
    accepted = _ACCEPTED.get(column.type)
    wrong = oid not in accepted if accepted else oid in built_in and oid not in _TEXTS
    if wrong:
        problem = f"The column is of type {_NAMES.get(oid, f'with OID {oid}')}, which is not {column.type!r}."
        cast = f"{column.source_name}::{_CAST.get(column.type, column.type)}"
        remedy = f"Cast it in the query ({cast}), or change the column's type in the definition."
        findings.add("is of another type", Finding(problem, remedy, column=column.source_name))
    elif oid in _LOCAL_TIME and column.type == "timestamp" and column.time_zone is None:
        remedy = "Set the column's time_zone in the definition, or give the moment: (... AT TIME ZONE 'Europe/Madrid')."
        problem = "The column is a timestamp without time zone."
        findings.add("has no time zone", Finding(problem, remedy, column=column.source_name))
