"""What a score's digest says: a publication made with another definition is another publication."""

import pytest
from shop_definitions import LEAVING

from scoring.domain.score import Band, ChangeRule

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
