"""Reason codes in a definition: texts by feature and direction."""

import pytest
from factories_definitions import mistakes_of
from shop_definitions import LEAVING

from scoring.domain.reasons import Reason, Reasons, ReasonText, told

TEXT = ReasonText(up="In a bad mood.", down="In a good mood.")


@pytest.mark.parametrize(
    ("contribution", "feature", "text", "direction"),
    [
        (0.5, "mood", "In a bad mood.", "up"),
        (-0.5, "mood", "In a good mood.", "down"),
        (0.5, "visits", "visits raises the score", "up"),
        (-0.5, "visits", "visits lowers the score", "down"),
    ],
)
def test_a_reason_has_the_text_of_its_direction(contribution, feature, text, direction):
    (reason,) = told(Reasons(texts={"mood": TEXT}), [(feature, contribution)])
    assert reason == Reason(feature, contribution, text)
    assert reason.direction == direction


def test_what_contributes_nothing_is_no_reason():
    assert told(Reasons(), [("mood", 0.0)]) == []


def with_reasons(**fields):
    return lambda: LEAVING.__class__(**(dict(LEAVING) | {"reasons": Reasons(**fields)}))


def test_texts_name_features_of_the_score():
    assert mistakes_of(with_reasons(texts={"mood": TEXT})) == []
    assert mistakes_of(with_reasons(texts={"moood": TEXT, "spend": TEXT})) == [
        "reasons.texts: moood, spend must be in features"
    ]


@pytest.mark.parametrize(("count", "sound"), [(0, False), (1, True), (8, True), (9, False)])
def test_a_customer_gets_one_to_eight_reasons(count, sound):
    assert (mistakes_of(lambda: Reasons(count=count)) == []) is sound


def test_reasons_are_no_part_of_the_definitions_digest():
    assert with_reasons(stored=True)().digest == LEAVING.digest
