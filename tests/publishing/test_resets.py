"""A wrong date was announced: nothing hides it, a reset sets it right, and the CRM hears the corrections."""

import datetime as dt

import pytest
from factories import AUGUST, JULY, JUNE, MAY, customer, customers, events, published, published_rows, query, state_of
from factories_notify import new_secret
from shop_definitions import LEAVING, SPENDING

from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.errors import NotFound, PermanentError
from scoring.local.receiver import Receiver
from scoring.publishing.publish import drop, publish
from scoring.publishing.resets import preview, reset, status

WRONG = dt.date(2062, 7, 31)
SECRET = new_secret()
WHO = {"by": "ada", "reason": "2062 was a typing error"}


def spend(settings, amount, as_of, count=2):
    return published_rows(settings, SPENDING, customers(count, spend=amount), as_of)


def values(settings):
    return [(event.customer_id, event.version, event.as_of, event.value) for event in events(settings)]


@pytest.fixture
def mistaken(shop):
    """June was told, then by mistake 2062; now July is silent."""
    spend(shop, 100.0, JUNE)
    spend(shop, 900.0, WRONG)
    assert spend(shop, 200.0, JULY).silent
    return shop


def test_a_silent_publication_says_why_and_what_to_do(mistaken):
    again = published(mistaken, SPENDING, JULY)
    assert (again.silent, again.changed) == (True, 0)
    assert "Publication 3 of spending 2024-07-31 is silent: the CRM has heard of 2062-07-31" in again.warning
    assert "scoring announce reset spending --until" in again.warning
    told = published(mistaken, SPENDING, WRONG)
    assert (told.silent, told.warning) == (False, None)


def test_what_was_overtaken_says_that_another_publication_is_seen(shop):
    late = spend(shop, 100.0, JUNE).publication_id
    newer = spend(shop, 200.0, JUNE)
    found = publish(shop, late)
    assert found.publication_id == newer.publication_id
    assert found.warning == f"Publication {late} of spending 2024-06-30 is not shown: publication 2 was planned later."


def test_after_a_reset_the_next_month_tells_the_crm_the_corrections_and_never_an_older_version(shop, tmp_path):
    with Receiver(SECRET, tmp_path / "crm.sqlite3") as receiver:
        crm = shop

        def known():
            notify(crm.database(), Webhook(receiver.url, SECRET))
            told = receiver.newest()
            return {customer_id: (told["spending", customer_id]["value"]) for _, customer_id in sorted(told)}

        published_rows(crm, SPENDING, [customer(0, spend=100.0), customer(1, spend=100.0)], JUNE)
        published_rows(crm, SPENDING, [customer(0, spend=900.0), customer(1, spend=105.0)], WRONG)
        assert known() == {"c0000": 900.0, "c0001": 100.0}
        drop(crm, SPENDING, WRONG)
        reset(crm, SPENDING, JUNE, **WHO)
        july = published_rows(crm, SPENDING, [customer(0, spend=100.0), customer(1, spend=104.0)], JULY)
        assert (july.silent, july.changed) == (False, 1), "what was told of c0001 is near enough"
        assert known() == {"c0000": 100.0, "c0001": 100.0}
        assert published_rows(crm, SPENDING, customers(2, spend=100.0), JUNE).silent, "July was told since"
    assert values(crm)[2:] == [("c0000", 2, WRONG, 900.0), ("c0000", 3, JULY, 100.0)]


def test_what_was_silent_is_told_when_it_is_run_again_after_the_reset_and_once_only(mistaken):
    reset(mistaken, SPENDING, JUNE, **WHO)
    told = published(mistaken, SPENDING, JULY)
    assert (told.publication_id, told.silent, told.changed, told.warning) == (3, False, 2, None)
    assert values(mistaken)[-2:] == [("c0000", 3, JULY, 200.0), ("c0001", 3, JULY, 200.0)]
    before = state_of(mistaken)
    assert published(mistaken, SPENDING, JULY) == told
    assert state_of(mistaken) == before


def test_the_newest_right_date_run_again_puts_the_crm_right_at_once(shop):
    first = spend(shop, 100.0, JUNE)
    spend(shop, 900.0, WRONG)
    reset(shop, SPENDING, JUNE, **WHO)
    again = published(shop, SPENDING, JUNE)
    assert (again.publication_id, again.changed, again.checksum) == (first.publication_id, 4, first.checksum)
    assert values(shop)[-2:] == [("c0000", 3, JUNE, 100.0), ("c0001", 3, JUNE, 100.0)]


def test_what_is_older_than_the_reset_stays_silent(mistaken):
    spend(mistaken, 50.0, MAY)
    reset(mistaken, SPENDING, JULY, **WHO)
    for as_of in (MAY, JUNE):
        published(mistaken, SPENDING, as_of)
    assert {event.as_of for event in events(mistaken)} == {JUNE, WRONG}
    assert status(mistaken, SPENDING).announced_until == JULY


def test_a_silent_publication_run_again_with_another_definition_is_still_found_done(mistaken, tmp_path, monkeypatch):
    (tmp_path / "other_shop.py").write_text(
        "import shop_definitions\nfrom shop_definitions import LEAVING, SHOP\n"
        "SPENDING = shop_definitions.SPENDING.model_copy(update={'minimum': 5.0})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    changed = mistaken.model_copy(update={"definitions": "other_shop"})
    assert publish(changed, 3).silent
    reset(mistaken, SPENDING, JUNE, **WHO)
    with pytest.raises(PermanentError, match="definition of spending has changed"):
        publish(changed, 3)


def test_a_reset_first_shows_what_it_will_do(mistaken):
    before = state_of(mistaken)
    effect = preview(mistaken, SPENDING, JUNE)
    assert (effect.was, effect.until, effect.customers) == (WRONG, JUNE, 2)
    assert [(one.as_of, one.announces) for one in effect.again] == [(JUNE, True), (JULY, False), (WRONG, True)]
    assert state_of(mistaken) == before
    assert status(mistaken, SPENDING).announced_until == WRONG
    assert reset(mistaken, SPENDING, JUNE, **WHO) == effect


def test_a_reset_leaves_other_scores_alone(mistaken):
    published_rows(mistaken, LEAVING, customers(2), AUGUST)
    reset(mistaken, SPENDING, JUNE, **WHO)
    assert status(mistaken, LEAVING).announced_until == AUGUST
    assert [one.announces for one in status(mistaken, LEAVING).published] == [True]


def test_the_status_counts_whom_the_crm_knows_and_who_was_told(shop):
    published_rows(shop, LEAVING, [customer(n, mood=0.0) for n in range(3)], JUNE)
    published_rows(shop, LEAVING, [customer(0, mood=5.0), *(customer(n, mood=0.0) for n in (1, 2, 3))], JULY)
    counts = status(shop, LEAVING).counts
    assert (counts.known, counts.told, counts.later) == (2, 2, 0)


def test_each_reset_is_recorded_for_good(mistaken):
    reset(mistaken, SPENDING, AUGUST, by="ada", reason="not 2062")
    reset(mistaken, SPENDING, JUNE, by="bob", reason="nor August")
    found = [(one.was, one.until, one.reset_by, one.reason) for one in status(mistaken, SPENDING).resets]
    assert found == [(WRONG, AUGUST, "ada", "not 2062"), (AUGUST, JUNE, "bob", "nor August")]
    for change in ("UPDATE scoring.announcement_reset SET reason = ''", "DELETE FROM scoring.announcement_reset"):
        with pytest.raises(Exception, match="announcement_reset takes new rows only"):
            query(mistaken, change)


@pytest.mark.parametrize("until", [WRONG, dt.date(2063, 1, 1)], ids=["the same date", "a newer date"])
def test_a_reset_goes_backwards_only(mistaken, until):
    with pytest.raises(PermanentError, match=f"announced until 2062-07-31, so it cannot be set back to {until}"):
        reset(mistaken, SPENDING, until, **WHO)
    assert status(mistaken, SPENDING).announced_until == WRONG


@pytest.mark.parametrize("missing", ["by", "reason"])
def test_a_reset_without_a_name_or_a_reason_is_refused(mistaken, missing):
    with pytest.raises(PermanentError, match="needs a name"):
        reset(mistaken, SPENDING, JUNE, **{**WHO, missing: " "})


def test_what_was_never_announced_cannot_be_reset(shop):
    with pytest.raises(NotFound, match="Nothing of leaving was ever announced"):
        reset(shop, LEAVING, JUNE, **WHO)
