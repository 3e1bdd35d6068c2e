"""A rollback goes one version further back each time, never forth to what was rolled back just before."""

import datetime as dt

import pytest

from scoring.errors import NotFound, PermanentError
from scoring.models.ledger import Promotion
from scoring.models.rollback import rollback_target


def ledger_of(*steps):
    """Rows of the ledger, the newest first; a negative number is a rollback to that version."""
    rows = []
    for place, step in enumerate(steps):
        before = rows[0].model_version if rows else None
        how = "rollback" if step < 0 else "person" if rows else "first"
        moment = dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=place)
        rows.insert(0, Promotion(place + 1, "risk", abs(step), "0" * 64, before, how, "ann", "why", None, moment))
    return rows


@pytest.mark.parametrize(
    ("steps", "target"),
    [
        ((1, 2), 1),
        ((1, 2, 3), 2),
        ((1, 2, 3, -2), 1),
        ((1, 2, 3, -2, 4), 2),
        ((1, 2, 1), 2),
        ((1, 2, 3, -2, 3), 2),
        ((1, 2, 3, -1, 2), 1),
    ],
)
def test_without_a_version_it_is_the_one_before_what_was_rolled_back(steps, target):
    assert rollback_target("risk", ledger_of(*steps), None).model_version == target


@pytest.mark.parametrize("steps", [(), (1,), (1, 2, -1), (1, 2, 3, -2, -1)])
def test_where_nothing_is_left_to_go_back_to_it_says_so_and_how_to_go_on(steps):
    with pytest.raises(NotFound, match="no other version was in charge before") as refused:
        rollback_target("risk", ledger_of(*steps), None)
    assert "`scoring model list risk`" in str(refused.value)
    assert str(refused.value).endswith("`scoring model promote risk <version>` puts one in charge.")


def test_a_version_that_was_in_charge_can_be_named():
    assert rollback_target("risk", ledger_of(1, 2, 3), 1).model_version == 1
    assert rollback_target("risk", ledger_of(1, 2, 3, -2), 3).model_version == 3


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (3, "to version 3: it is in charge. Remedy: Others that were in charge: 1, 2."),
        (4, "to version 4: it was never in charge. Remedy: Others that were in charge: 1, 2."),
    ],
)
def test_another_version_is_refused_with_those_that_can_be(version, said):
    with pytest.raises(PermanentError) as refused:
        rollback_target("risk", ledger_of(1, 2, 3), version)
    assert said in str(refused.value)
    assert "`scoring model promote risk <version>`" in str(refused.value)


def test_a_model_of_which_nothing_was_in_charge_has_no_others():
    with pytest.raises(PermanentError, match=r"never in charge.*in charge: none"):
        rollback_target("risk", ledger_of(), 1)
