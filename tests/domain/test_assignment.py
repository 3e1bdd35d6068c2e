"""Who gets the challenger: as many as asked, always the same ones, and independently of other experiments."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.assignment import places, to_challenger

MANY = [f"customer-{number}" for number in range(200_000)]
SALTS = [hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest() for number in range(3)]


def test_a_place_is_the_first_53_bits_of_a_documented_hash():
    digest = hashlib.sha256("00ff zo\u00eb".encode()).digest()
    assert places("00ff", ["zo\u00eb"]).tolist() == [(int.from_bytes(digest[:8], "big") >> 11) / 2**53]
    assert places("00ff", []).shape == (0,)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("salt", SALTS)
def test_the_challenger_gets_its_share_but_for_chance(salt, share):
    found = to_challenger(salt, share, MANY).mean()
    assert abs(found - share) < 4 * np.sqrt(share * (1 - share) / len(MANY))


def test_a_million_customers_are_split_within_a_thousandth_of_each_share():
    found = places(SALTS[0], [f"c{number:07d}" for number in range(1_000_000)])
    assert max(abs((found < share).mean() - share) for share in (0.5, 0.2, 0.1, 0.01)) < 0.001


def test_places_are_spread_evenly():
    counts = np.histogram(places(SALTS[0], MANY), bins=20, range=(0, 1))[0]
    expected = len(MANY) / 20
    assert ((counts - expected) ** 2 / expected).sum() < 43.8  # chi-square with 19 degrees of freedom, p = 0.001


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (0, 2)])
def test_two_experiments_choose_independently(one, other):
    chosen = [to_challenger(SALTS[place], 0.5, MANY) for place in (one, other)]
    assert abs((chosen[0] & chosen[1]).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / len(MANY))


def test_customers_whose_ids_follow_each_other_are_not_alike():
    found = places(SALTS[0], MANY)
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 4 / np.sqrt(len(MANY))


@given(st.lists(st.text(min_size=1), max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_only_those_between_two_shares_move_when_the_share_changes(customers, one, other):
    before, after = (to_challenger("ab", share, customers) for share in (one, other))
    at = places("ab", customers)
    between = (at >= min(one, other)) & (at < max(one, other))
    assert ((before != after) == between).all()


@given(st.lists(st.text(min_size=1), max_size=20, unique=True))
def test_a_customer_stands_where_he_stands_whoever_else_is_there(customers):
    together = places("ab", customers)
    assert together.tolist() == [places("ab", [one])[0] for one in customers]


def test_who_stands_exactly_at_the_share_is_the_champions():
    at = places("ab", ["someone"])[0]
    assert not to_challenger("ab", at, ["someone"])[0]
    assert to_challenger("ab", np.nextafter(at, 1), ["someone"])[0]


def test_nobody_is_below_no_share_and_everybody_below_the_whole():
    assert not to_challenger("ab", 0.0, MANY[:1000]).any()
    assert to_challenger("ab", 1.0, MANY[:1000]).all()


def test_another_process_chooses_the_same_customers():
    code = (
        "from scoring.domain.assignment import to_challenger\n"
        "import hashlib; ids = [f'customer-{n}' for n in range(10_000)]\n"
        "print(hashlib.sha256(to_challenger('ab', 0.3, ids).tobytes()).hexdigest())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = to_challenger("ab", 0.3, [f"customer-{number}" for number in range(10_000)])
    assert found.stdout.strip() == hashlib.sha256(here.tobytes()).hexdigest()
