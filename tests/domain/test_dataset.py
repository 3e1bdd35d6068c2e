"""What a data set's digest and its columns say."""

import pytest
from pydantic import ValidationError
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


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"schedule": "nonsense"}, "'nonsense' is not a cron expression"),
        ({"first_as_of": "2024-02-01", "last_as_of": "2024-01-31"}, "last_as_of: 2024-01-31 is before"),
        ({"source": {"kind": "csv", "path": "shop_{asof}.csv"}}, "{asof} is not filled in"),
        ({"source": {"kind": "parquet", "path": "shop.parquet"}, "schedule": "0 6 * * *"}, "holds no {as_of}"),
        ({"columns": [{"name": "customer_id", "type": "text"}, {"name": "row_number", "type": "text"}]}, "row_number"),
    ],
    ids=["schedule", "dates", "placeholder", "no placeholder", "reserved name"],
)
def test_a_definition_that_cannot_work_is_refused_with_the_reason(fields, reason):
    with pytest.raises(ValidationError) as refused:
        DataSet.model_validate(SHOP.model_dump() | fields)
    assert reason in str(refused.value)
