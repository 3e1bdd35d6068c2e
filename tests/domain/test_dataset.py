"""What a data set's digest and its columns say."""

import pytest
from factories_definitions import mistakes_of
from shop_definitions import SHOP

from scoring.domain.dataset import Column, DataSet


def changed(**values):
    return SHOP.model_copy(update=values)


@pytest.mark.parametrize(
    "other",
    [
        changed(key="plan"),
        changed(columns=SHOP.columns[:-1]),
        changed(columns=tuple(reversed(SHOP.columns))),
        changed(columns=(SHOP.columns[0].model_copy(update={"nullable": True}), *SHOP.columns[1:])),
        changed(duplicates="keep_first"),
    ],
    ids=["key", "column gone", "order of columns", "nullable", "duplicates"],
)
def test_the_digest_changes_with_all_that_decides_which_rows_a_snapshot_holds(other):
    assert other.digest != SHOP.digest


@pytest.mark.parametrize("field", ["title", "description", "owner", "schedule"])
def test_the_digest_does_not_change_with_what_only_people_or_schedulers_read(field):
    assert changed(**{field: "something else"}).digest == SHOP.digest


@pytest.mark.parametrize(
    ("kind", "numeric"),
    [("text", False), ("date", False), ("integer", True), ("number", True), ("decimal", True), ("boolean", True)],
)
def test_a_model_takes_all_but_text_and_dates(kind, numeric):
    assert Column(name="x", type=kind).numeric is numeric


def test_the_suite_is_named_like_the_data_set_unless_stated():
    assert SHOP.suite_name == "shop"
    assert changed(suite="other").suite_name == "other"


def test_asking_for_a_column_that_is_not_there_is_an_error():
    with pytest.raises(KeyError, match="nothing"):
        SHOP.column("nothing")


def test_the_digest_does_not_change_with_the_limit_or_with_what_a_column_is_said_to_mean():
    described = tuple(column.model_copy(update={"description": "in other words"}) for column in SHOP.columns)
    assert changed(columns=described, quarantine_limit=0.2).digest == SHOP.digest


NOT_A_NAME = (
    "is not a name: use up to 63 of a-z, 0-9 and _, beginning with a letter (what the source calls the column stands "
    "in the field 'source')"
)
COLUMNS = {  # fields of a column: what is wrong with them
    "a category": ({"type": "category", "values": ("a", "b")}, []),
    "a category without values": ({"type": "category"}, ["values: a category needs them"]),
    "a category twice": ({"type": "category", "values": ("a", "a")}, ["values: a category is named twice"]),
    "values of no category": (
        {"type": "text", "values": ("a",)},
        ["values: only a category has them, and the type is 'text'"],
    ),
    "digits after the point only": ({"type": "decimal", "precision": 4, "scale": 4}, []),
    "too many digits after the point": (
        {"type": "decimal", "precision": 4, "scale": 5},
        ["scale: 5 is larger than precision (4)"],
    ),
    "a name that SQL does not take": (
        {"name": "a name", "type": "text"},
        [f"'a name' {NOT_A_NAME}"],
    ),
}


@pytest.mark.parametrize(("fields", "mistakes"), COLUMNS.values(), ids=COLUMNS)
def test_a_column_that_cannot_work_is_refused_with_the_reason(fields, mistakes):
    assert mistakes_of(lambda: Column(**({"name": "x"} | fields))) == mistakes


TEXT, OTHER = {"name": "id", "type": "text"}, {"name": "other", "type": "text"}
QUERY = {"kind": "postgres", "connection": "crm", "query": "SELECT 1"}
NO_PLACEHOLDER = "source.path: holds no {as_of}, so each date of the schedule would read the same file"
DATA_SETS = {  # fields of a data set: what is wrong with them
    "in order": ({}, []),
    "no cron expression": ({"schedule": "nonsense"}, ["'nonsense' is not a cron expression, e.g. '0 6 L * *'"]),
    "two columns of a name": ({"columns": [TEXT, OTHER, OTHER]}, ["columns: other named twice"]),
    "two names twice": (
        {"columns": [TEXT, OTHER, TEXT, OTHER]},
        ["columns: id, other named twice"],
    ),
    "names of the export": (
        {"columns": [TEXT, OTHER | {"name": "row_number"}, OTHER | {"name": "broken_rules"}]},
        ["columns: broken_rules, row_number: the quarantine's export uses that name"],
    ),
    "a key that is no column": (
        {"columns": [TEXT, OTHER], "key": "number"},
        ["key: 'number' is not among the columns (id, other)"],
    ),
    "a key that is neither text nor integer": (
        {"columns": [TEXT | {"type": "number"}]},
        ["key: column 'id' must be of type 'text' or 'integer' and not nullable"],
    ),
    "a key that may be missing": (
        {"columns": [TEXT | {"nullable": True}]},
        ["key: column 'id' must be of type 'text' or 'integer' and not nullable"],
    ),
    "a single date": ({"first_as_of": "2024-02-01", "last_as_of": "2024-02-01"}, []),
    "an end before the beginning": (
        {"first_as_of": "2024-02-01", "last_as_of": "2024-01-31"},
        ["last_as_of: 2024-01-31 is before first_as_of (2024-02-01)"],
    ),
    "another placeholder": (
        {"source": {"kind": "csv", "path": "shop_{asof}.csv"}},
        ["{asof} is not filled in; only {as_of} is"],
    ),
    "a schedule and a file for each date": ({"schedule": "0 6 * * *"}, []),
    "a schedule and one file": (
        {"source": {"kind": "parquet", "path": "shop.parquet"}, "schedule": "0 6 * * *"},
        [NO_PLACEHOLDER],
    ),
    "a zone": ({"time_zone": "Europe/Madrid", "schedule": "0 6 * * *"}, []),
    "a zone that there is not": (
        {"time_zone": "Europe/Nowhere"},
        ["'Europe/Nowhere' is not a time zone, e.g. 'Europe/Madrid' or 'UTC'"],
    ),
    "a stream and a zone": (
        {"time_zone": "Europe/Madrid", "stream": {"topic": "shop"}},
        ["time_zone: 'Europe/Madrid', but where updates come by a stream, a batch's day ends by UTC"],
    ),
    "one file by hand": ({"source": {"kind": "csv", "path": "shop.csv"}}, []),
    "a schedule and a query": ({"source": QUERY, "schedule": "0 6 * * *"}, []),
    "a query by hand": ({"source": QUERY}, []),
}


@pytest.mark.parametrize(("fields", "mistakes"), DATA_SETS.values(), ids=DATA_SETS)
def test_a_definition_that_cannot_work_is_refused_with_the_reason(fields, mistakes):
    sound = {
        "name": "shop",
        "title": "Shop",
        "key": "id",
        "columns": [TEXT],
        "source": {"kind": "csv", "path": "shop_{as_of}.csv"},
    }
    assert mistakes_of(lambda: DataSet.model_validate(sound | fields)) == mistakes
