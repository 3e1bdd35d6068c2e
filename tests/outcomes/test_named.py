"""A target may name its positive values: they are recorded as 0 or 1. If no outcome matches, it is said why."""

import numpy as np
import pytest
from factories import JULY, JUNE, MAY, customer, published_rows, query, snapshot_of
from factories_outcomes import cohort, corrections, deliver_outcomes, known_of, month_later
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.catalog import load_catalog
from scoring.database import transaction
from scoring.domain.dataset import CsvSource
from scoring.domain.score import Target
from scoring.errors import NotFound, PermanentError
from scoring.learning.train import train
from scoring.monitoring.performance import labels_of
from scoring.outcomes.collect import collect
from scoring.outcomes.correct import correct, correct_file
from scoring.outcomes.told import Told, take_in

PAYS = LEAVING.model_copy(update={"target": Target(column="plan", positive=("paid",)), "features": ("mood", "visits")})
STATUS = Target(column="status", positive=("bad", "lost"), source=CsvSource(path="spent_{as_of}.csv"))
TOLD = LEAVING.model_copy(update={"target": STATUS})
STRICT = LEAVING.model_copy(update={"target": STATUS.model_copy(update={"negative": ("good",)})})
HEADER = "customer_id,status"


@pytest.fixture
def scored(shop):
    published_rows(shop, LEAVING, [customer(number) for number in range(6)], JUNE)
    return shop


def test_a_later_snapshot_tells_categories_as_0_and_1(scored):
    snapshot_of(scored, [customer(0, plan="paid"), customer(1, plan="free")], JULY)
    collect(scored, PAYS, JUNE)
    assert known_of(scored, LEAVING) == {"c0000": 1.0, "c0001": 0.0}
    assert labels_of(PAYS, np.array([1.0, 0.0])).tolist() == [1.0, 0.0]


def test_texts_of_a_source_of_its_own_and_of_people_and_of_the_api_become_0_and_1(scored):
    deliver_outcomes(scored, "c0000,bad", "c0001,good", "c0002,Bad", "c0003,", header=HEADER)
    done = collect(scored, TOLD, JUNE)
    assert (done.recorded, done.quarantined) == (3, 1)
    assert known_of(scored, LEAVING) == {"c0000": 1.0, "c0001": 0.0, "c0002": 0.0}
    correct(scored, TOLD, JUNE, "c0002", written="lost", author="ann", reason="asked")
    correct_file(scored, TOLD, str(corrections(scored, f"c0001,{JUNE},bad,asked")), author="ann")
    with transaction(scored.database()) as connection:
        take_in(connection, TOLD, SHOP, JUNE, [Told("c0004", "bad"), Told("c0005", "good")], source="API key crm")
    assert known_of(scored, LEAVING) == {
        "c0000": 1.0, "c0001": 1.0, "c0002": 1.0, "c0004": 1.0, "c0005": 0.0
    }  # fmt: skip


def test_with_negatives_a_word_that_is_neither_is_refused_wherever_it_is_said(scored):
    deliver_outcomes(scored, "c0000,bad", "c0001,good", "c0002,Bad", header=HEADER)
    done = collect(scored, STRICT, JUNE)
    assert (done.recorded, done.quarantined) == (2, 1)
    assert query(scored, "SELECT reason FROM scoring.outcome_refused") == [
        ("impossible value: it is not one of bad, lost, good",)
    ]
    with pytest.raises(PermanentError, match="'Bad' cannot be the outcome of leaving: impossible value: it is not one"):
        correct(scored, STRICT, JUNE, "c0002", written="Bad", author="ann", reason="asked")


def test_another_meaning_of_the_same_delivery_is_taken_in_anew(scored):
    deliver_outcomes(scored, "c0000,bad", "c0001,good", header=HEADER)
    assert collect(scored, TOLD, JUNE).recorded == 2
    assert collect(scored, TOLD, JUNE).found
    other = TOLD.model_copy(update={"target": STATUS.model_copy(update={"positive": ("good",)})})
    assert collect(scored, other, JUNE).recorded == 2
    assert known_of(scored, LEAVING) == {"c0000": 0.0, "c0001": 1.0}


def test_a_model_learns_from_named_outcomes(own_registry, monkeypatch):
    monkeypatch.setitem(load_catalog("shop_definitions").scores, "leaving", PAYS)
    rows = [customer(number, mood=float(number % 2), plan=("free", "paid")[number % 2]) for number in range(60)]
    snapshot_of(own_registry, rows, MAY)
    snapshot_of(own_registry, rows, JUNE)
    assert train(own_registry, PAYS, MAY).version == 2


def only(number, **columns):
    return [customer(one, **columns) for one in range(number)]


UNMATCHED = {
    "other keys": ([customer(1) | {"customer_id": "x1"}], r"No key is in both: .* keys like 'c0000', .* like 'x1'"),
    "other case": ([customer(1) | {"customer_id": "C0001"}], r"differ in upper and lower case: 'c0001' .* is 'C0001'"),
    "one value": (only(9, plan="free"), r"'plan' is 'free' \(9\) at 2024-06-30, and positive is 'paid'"),
}


@pytest.mark.parametrize("case", UNMATCHED.values(), ids=UNMATCHED)
def test_when_nothing_can_be_learned_it_is_said_why(shop, monkeypatch, case):
    later, said = case
    monkeypatch.setitem(load_catalog("shop_definitions").scores, "leaving", PAYS)
    snapshot_of(shop, only(9), MAY)
    snapshot_of(shop, later, JUNE)
    with pytest.raises(PermanentError, match=rf"leaving cannot be trained at 2024-05-31: .* {said}"):
        train(shop, PAYS, MAY)


def test_when_all_outcomes_are_null_it_is_said(shop, monkeypatch):
    score = SPENDING.model_copy(update={"target": Target(column="balance")})
    monkeypatch.setitem(load_catalog("shop_definitions").scores, "spending", score)
    snapshot_of(shop, only(9), MAY)
    snapshot_of(shop, only(9, balance=None), JUNE)
    with pytest.raises(PermanentError, match="'balance' is null for all 9 customers who are in both snapshots"):
        train(shop, score, MAY)


def test_a_horizon_that_ends_later_than_what_is_there_is_said(shop):
    snapshot_of(shop, only(3), JUNE)
    said = r"no snapshot of shop at 2024-07-31. The horizon of 2024-06-30 ends there, and the newest is of 2024-06-30"
    with pytest.raises(NotFound, match=said):
        train(shop, LEAVING, JUNE)
    cohort(shop, 3)
    with pytest.raises(NotFound, match="2024-07-31, which is not there; the newest is of 2024-06-30"):
        collect(shop, SPENDING, JUNE)


def test_a_delivery_that_is_about_nobody_says_how_the_keys_differ(scored):
    deliver_outcomes(scored, "C0000,bad", "C0001,good", header=HEADER)
    said = r"differ in upper and lower case: 'c000\d' in the cohort is 'C000\d' in what was .* 2 rows: unknown customer"
    with pytest.raises(PermanentError, match=said):
        collect(scored, TOLD, JUNE)
    deliver_outcomes(scored, "c0000,", "c0001,", header=HEADER)
    with pytest.raises(PermanentError, match=r"in quarantine\. 2 rows: no value"):
        collect(scored, TOLD, JUNE)


def test_a_later_snapshot_that_is_about_nobody_says_how_the_keys_differ(shop):
    cohort(shop, 3)
    month_later(shop, dict.fromkeys(range(20, 23), 1.0))
    said = r"not one of 3 customers .* No key is in both: the cohort has keys like 'c000\d', what was .* like 'c002"
    with pytest.raises(PermanentError, match=said):
        collect(shop, SPENDING, JUNE)
