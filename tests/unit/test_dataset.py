"""What a data set's digest and its columns say."""

import pytest
from shop_definitions import SHOP

from scoring.domain.dataset import Column


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
        changed(quarantine_limit=0.2),
    ],
    ids=["key", "column gone", "order of columns", "nullable", "duplicates", "limit"],
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
