"""What a score's digest says: a publication made with another definition is another publication."""

import re

import pytest
from shop_definitions import LEAVING

from scoring.domain.dataset import CsvSource, ParquetSource, PostgresSource
from scoring.domain.score import Band, ChangeRule, Target

CHANGES = {
    "features": ("mood",),
    "points": 500,
    "bands": (Band(name="all", upper=1.0),),
    "minimum": 0.5,
    "change": ChangeRule(points=10),
    "kind": "regression",
}


@pytest.mark.parametrize("field", CHANGES)
def test_the_digest_changes_with_all_that_decides_what_is_published_and_told(field):
    assert LEAVING.model_copy(update={field: CHANGES[field]}).digest != LEAVING.digest


@pytest.mark.parametrize("field", ["title", "description", "owner", "trusted_types"])
def test_the_digest_does_not_change_with_what_only_people_read(field):
    assert LEAVING.model_copy(update={field: ("something else",)}).digest == LEAVING.digest


def test_the_digest_is_the_same_in_every_process():
    assert LEAVING.digest == "91424099f6f9a79eb0041e40ab54852728d0a2c515d19bd123ebea73cd73548a"


WRONG_TARGETS = {
    "a path without the cohort": ({"source": CsvSource(path="x.csv")}, "source.path: holds no {as_of}"),
    "a Parquet path without it": ({"source": ParquetSource(path="x.parquet")}, "source.path: holds no {as_of}"),
    "a query without the cohort": (
        {"source": PostgresSource(connection="crm", query="SELECT 1")},
        "source.query: holds no %(as_of)s",
    ),
    "a time without a source": (
        {"observed_at": "seen"},
        "observed_at: only outcomes from a source of their own have it",
    ),
    "the value as the time": (
        {"source": CsvSource(path="{as_of}.csv"), "observed_at": "spend"},
        "observed_at: 'spend' is the column with the value",
    ),
}


@pytest.mark.parametrize(("fields", "said"), WRONG_TARGETS.values(), ids=WRONG_TARGETS)
def test_a_target_whose_source_cannot_tell_one_cohort_from_another_is_refused(fields, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Target(column="spend", **fields)


@pytest.mark.parametrize(
    "source",
    [
        CsvSource(path="spent_{as_of}.csv"),
        ParquetSource(path="{as_of}.parquet"),
        PostgresSource(connection="crm", query="SELECT id, spend FROM spent WHERE day = %(as_of)s"),
    ],
)
def test_a_target_may_have_a_source_of_its_own_which_does_not_change_what_is_published(source):
    target = Target(column="visits", at_least=5, source=source, observed_at="seen")
    assert LEAVING.model_copy(update={"target": target}).digest == LEAVING.digest
