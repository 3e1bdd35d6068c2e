"""Reasons are stored with a publication if the definition asks for it, and are the same when computed later."""

import numpy as np
import pytest
from explained_shop import LEAVING as STORED
from explained_shop import TEXT
from factories import JUNE, customers, published_rows, query, register, snapshot_of, value
from shop_definitions import LEAVING, SPENDING

from scoring.domain.reasons import Reasons
from scoring.errors import PermanentError
from scoring.publishing.passport import explain, passport, reasons
from scoring.publishing.plan import plan

ASKED = STORED.model_copy(update={"reasons": STORED.reasons.model_copy(update={"stored": False})})


@pytest.fixture
def explained(shop):
    return shop.model_copy(update={"definitions": "explained_shop"})


def seen(settings):
    (publication,) = query(settings, "SELECT checksum, rows FROM scoring.publication WHERE state = 'published'")
    return publication, query(settings, "SELECT customer_id, value, band FROM scoring.published_score ORDER BY 1")


def test_stored_reasons_are_those_that_are_computed_when_asked_for(explained):
    published_rows(explained, STORED, customers(90))
    for number in (0, 41, 89):
        found = passport(explained, "leaving", f"c{number:04d}")
        computed = explain(explained, found)
        assert reasons(explained, found) == computed.reasons
        assert computed.margin == pytest.approx(np.log(found.row.value / (1 - found.row.value)), abs=1e-6)
    rows = query(explained, "SELECT place, feature FROM scoring.published_reason WHERE customer_id = 'c0001'")
    assert rows == [(1, "mood")]  # the champion of the tests looks at nothing else


def test_scores_and_their_checksum_are_the_same_with_and_without_stored_reasons(explained):
    published_rows(explained, LEAVING, customers(60))
    without = seen(explained)
    assert value(explained, "SELECT count(reasons) FROM scoring.score") == 0
    published = published_rows(explained, STORED, customers(60))
    assert seen(explained) == without
    assert published.changed == 0
    assert passport(explained, "leaving", "c0001").publication.reason_count == 2


def test_reasons_that_are_not_stored_are_no_input_of_a_publication(explained):
    first = published_rows(explained, LEAVING, customers(5))
    assert published_rows(explained, ASKED, customers(5)).publication_id == first.publication_id
    (mood,) = reasons(explained, passport(explained, "leaving", "c0001"))
    assert (mood.feature, mood.text) == ("mood", TEXT.up if mood.contribution > 0 else TEXT.down)


def test_who_asks_for_reasons_that_nobody_defined_is_told_how_to_define_them(shop):
    published_rows(shop, SPENDING, customers(5))
    with pytest.raises(PermanentError, match="has no reasons"):
        reasons(shop, passport(shop, "spending", "c0001"))


def test_a_model_that_cannot_be_explained_is_refused_before_anything_is_scored(own_registry):
    register(own_registry, SPENDING, background=False)
    snapshot_of(own_registry, customers(5))
    riddle = SPENDING.model_copy(update={"reasons": Reasons(stored=True)})
    with pytest.raises(PermanentError, match="registered without the training means"):
        plan(own_registry, riddle, JUNE, run_id="test")
    assert query(own_registry, "SELECT * FROM scoring.publication") == []
