"""What all definitions have in common: they refuse or report mistakes, and have a digest."""

import datetime as dt

import pytest
from pydantic import ValidationError

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.definition import BROKEN_PART, digest_of, mistakes_go_to


def reported(make):
    heard = []
    with mistakes_go_to(lambda wrong, error: heard.append((wrong, error))):
        made = make()
    return made, heard


def test_a_mistake_is_raised_unless_somebody_listens():
    def make():
        return Column(name="spend", type="numbr")

    with pytest.raises(ValidationError):
        make()
    made, ((wrong, error),) = reported(make)
    assert wrong is made
    assert [found["loc"] for found in error.errors()] == [("type",)]
    with pytest.raises(ValidationError):
        make()


def test_a_wrong_definition_can_be_read_and_says_that_it_is_not_sound():
    made, _ = reported(lambda: Column(name="spend", type="numbr"))
    assert (made.sound, made.name, made.type, made.nullable) == (False, "spend", "numbr", False)
    assert made.model_fields_set == {"name", "type"}
    assert made.model_copy(update={"type": "number"}).type == "number"
    assert made == made.model_copy()
    assert Column(name="spend", type="number").sound


def test_what_has_a_wrong_part_is_wrong_too_and_says_no_more_than_that():
    made, heard = reported(
        lambda: DataSet(
            name="shop",
            title="Shop",
            key="id",
            columns=(Column(name="id", type="text"), Column(name="spend", type="numbr")),
            source=CsvSource(path="shop.csv"),
        )
    )
    assert [type(wrong).__name__ for wrong, _ in heard] == ["Column", "DataSet"]
    assert [found["type"] for found in heard[1][1].errors()] == [BROKEN_PART]
    assert made.column_names == ("id", "spend")
    assert not made.sound


def test_a_digest_does_not_depend_on_the_order_of_keys_and_takes_dates_as_their_text():
    day = dt.date(2005, 6, 30)
    assert digest_of({"b": 1, "a": day}) == digest_of({"a": "2005-06-30", "b": 1})
    assert digest_of([1, 2]) != digest_of([2, 1])
