"""People are told of each publication in a few lines: how many changed, from which band to which, who moved most."""

import pytest
from factories import JULY, JUNE, MAY, customer, customers, mood, published, published_rows, query
from shop_definitions import LEAVING, SPENDING

from scoring.publishing.digest import Migration, Movements, Mover, after_promotion, described, share, summary
from scoring.publishing.publish import drop
from scoring.publishing.resets import reset


def digests(settings, score="leaving"):
    statement = "SELECT owner, title, text FROM scoring.alert WHERE kind = 'digest' AND key LIKE %s ORDER BY alert_id"
    return query(settings, statement, f"{score} %")


def people(*probabilities):
    return [customer(number, mood=mood(probability)) for number, probability in enumerate(probabilities)]


def test_a_digest_says_who_changed_band_and_who_moved_most(shop):
    published_rows(shop, LEAVING, people(0.1, 0.2, 0.25, 0.5, 0.65, 0.9), JUNE)
    published_rows(shop, LEAVING, people(0.4, 0.35, 0.26, 0.95, 0.66, 0.9, 0.5), JULY)
    first, second = digests(shop)
    assert first.title == "leaving 2024-06-30: a first load"
    assert "6 customers are known from now on; nobody is told of them." in first.text
    assert second.title == "leaving 2024-07-31: 4 of 7 customers changed (57.1%)"
    assert second.text.splitlines() == [
        "The CRM is told.",
        "New customers: 1.",
        "Band migration: low → mid 2, mid → high 1.",
        "Largest movers:",
        "  c0003: 500 → 950 points, mid → high",
        "  c0000: 100 → 400 points, low → mid",
        "  c0001: 200 → 350 points, low → mid",
    ]
    assert second.owner == "scoring"


def test_a_regression_is_told_by_its_values(shop):
    published_rows(shop, SPENDING, customers(3, spend=100.0), JUNE)
    published_rows(shop, SPENDING, [customer(0, spend=150.0), customer(1, spend=20.0), customer(2, spend=101.0)], JULY)
    assert digests(shop, "spending")[1].text.splitlines()[1:] == [
        "New customers: 0.", "Largest movers:", "  c0001: 100 → 20", "  c0000: 100 → 150",
    ]  # fmt: skip


@pytest.mark.parametrize("amounts", [(5e-324, 1e-323), (1e308, -1e308), (1.7e308, 1e200), (0.0, -1.7e308)])
def test_extreme_values_stop_no_digest(shop, amounts):
    unbounded = SPENDING
    published_rows(shop, unbounded, [customer(0, spend=100.0), customer(1, spend=abs(amounts[0]))], JUNE)
    published_rows(shop, unbounded, [customer(0, spend=400.0), customer(1, spend=abs(amounts[1]))], JULY)
    assert "c0000: 100 → 400" in digests(shop, "spending")[1].text


def test_each_showing_of_a_publication_is_one_digest_and_a_repetition_none(shop):
    published_rows(shop, SPENDING, customers(3, spend=100.0), JUNE)
    published(shop, SPENDING, JUNE)
    assert len(digests(shop, "spending")) == 1
    published_rows(shop, SPENDING, customers(3, spend=900.0), JUNE)
    published_rows(shop, SPENDING, customers(3, spend=100.0), JUNE)
    assert len(digests(shop, "spending")) == 3, "inputs that came back are shown again"


def test_a_silent_publication_is_said_to_be_silent_and_told_of_again_when_it_speaks(shop):
    published_rows(shop, SPENDING, customers(3, spend=100.0), JULY)
    published_rows(shop, SPENDING, customers(3, spend=900.0), JUNE)
    silent = digests(shop, "spending")[-1]
    assert (silent.title, silent.text) == (
        "spending 2024-06-30: published in silence",
        "The CRM has heard of 2024-07-31.",
    )
    drop(shop, SPENDING, JULY)
    reset(shop, SPENDING, MAY, by="ada", reason="July was a mistake")
    published(shop, SPENDING, JUNE)
    assert digests(shop, "spending")[-1].title == "spending 2024-06-30: 3 of 3 customers changed (100.0%)"


def test_a_digest_is_short_however_much_moved():
    migration = tuple(Migration(f"b{n}", None, 1_000) for n in range(23))
    assert described(Movements(1_234_567, migration, ())) == (
        "New customers: 1,234,567.\n"
        "Band migration: b0 → none 1,000, b1 → none 1,000, b2 → none 1,000, b3 → none 1,000, b4 → none 1,000, "
        "b5 → none 1,000, b6 → none 1,000, b7 → none 1,000, b8 → none 1,000, b9 → none 1,000, b10 → none 1,000, "
        "b11 → none 1,000, b12 → none 1,000, b13 → none 1,000, b14 → none 1,000, b15 → none 1,000, b16 → none 1,000, "
        "b17 → none 1,000, b18 → none 1,000, b19 → none 1,000, others 3,000."
    )


def test_a_migration_that_is_shown_whole_has_no_others():
    assert described(Movements(0, (Migration(None, "low", 2), Migration("low", "mid", 1)), ())) == (
        "New customers: 0.\nBand migration: none → low 2, low → mid 1."
    )


MOVERS = {
    "points and a band": (Mover("c1", 0.1, 0.4, 100, 400, "low", "mid"), "100 → 400 points, low → mid"),
    "points in the same band": (Mover("c1", 0.1, 0.2, 100, 200, "low", "low"), "100 → 200 points"),
    "no points": (Mover("c1", 1234567.0, 0.125, None, None, None, None), "1.23457e+06 → 0.125"),
    "points that were not told before": (Mover("c1", 0.1, 0.25, None, 250, None, None), "0.1 → 0.25"),
    "points that are no more": (Mover("c1", 0.1, 0.25, 100, None, None, None), "0.1 → 0.25"),
}


@pytest.mark.parametrize(("mover", "said"), MOVERS.values(), ids=MOVERS)
def test_a_mover_is_told_by_points_if_both_are_known_or_else_by_its_value(mover, said):
    assert described(Movements(0, (), (mover, mover))) == (
        f"New customers: 0.\nLargest movers:\n  c1: {said}\n  c1: {said}"
    )


def test_nothing_that_moved_is_one_line():
    assert described(Movements(2, (), ())) == "New customers: 2."


def test_the_share_of_nobody_is_nothing():
    assert (share(0, 0), share(1, 4)) == (0.0, 0.25)
    assert summary(1_000, 8_000) == "1,000 of 8,000 customers changed (12.5%)"


@pytest.mark.parametrize(
    ("moved", "paced", "per_minute", "said"),
    [
        (0, 0, None, ""), (0, 0, 500, ""), (0, 1200, None, ""),
        (
            1200, 0, None,
            "1,200 scores come from another version of the model; the CRM is not told what that changed.\n",
        ),
        (0, 1200, 5000, "1,200 of the changes come with another version of the model: 5,000 a minute are told.\n"),
    ],
)  # fmt: skip
def test_what_comes_with_another_version_is_said_if_there_is_any(moved, paced, per_minute, said):
    assert after_promotion(moved, paced, per_minute) == said
