"""A fact is noted once, with the transaction in which it becomes true, whatever its text holds."""

import dataclasses
import threading

import pytest
from factories import query, value
from factories_faults import together
from hypothesis import given
from hypothesis import strategies as st
from waiting import PATIENCE

from scoring.alerts.facts import KEY, KINDS, LINE, TEXT, Fact, note, note_all, short_key, tidy
from scoring.database import connect, transaction

FACT = Fact("digest", "spending 2024-06-30", "sales", "A title", "What is the case.", "What to do.")


def noted(settings):
    return [tuple(row) for row in query(settings, "SELECT kind, key, owner FROM scoring.alert ORDER BY alert_id")]


def test_a_fact_is_noted_once_for_its_kind_and_key(settings):
    with transaction(settings.database()) as connection:
        assert note(connection, FACT)
        assert not note(connection, dataclasses.replace(FACT, text="in other words"))
        assert note(connection, dataclasses.replace(FACT, kind="task_failed"))
        assert note(connection, dataclasses.replace(FACT, key="spending 2024-07-31"))
    assert noted(settings) == [
        ("digest", "spending 2024-06-30", "sales"),
        ("task_failed", "spending 2024-06-30", "sales"),
        ("digest", "spending 2024-07-31", "sales"),
    ]


def test_a_fact_of_a_transaction_that_is_rolled_back_is_none(settings):
    with connect(settings.database()) as connection:
        assert note(connection, FACT)
        connection.rollback()
    assert noted(settings) == []
    with transaction(settings.database()) as connection:
        assert note(connection, FACT)


def test_the_same_fact_from_many_at_once_is_noted_once(settings):
    start = threading.Barrier(4)

    def job():
        with transaction(settings.database()) as connection:
            start.wait(timeout=PATIENCE)
            return note(connection, FACT)

    assert sorted(together(job, job, job, job)) == [False, False, False, True]
    assert len(noted(settings)) == 1


def test_many_facts_in_any_order_from_two_at_once_hinder_nobody(settings):
    facts = [dataclasses.replace(FACT, key=f"key {number}") for number in range(200)]

    def job(chosen):
        with transaction(settings.database()) as connection:
            return note_all(connection, chosen)

    assert sum(together(lambda: job(facts), lambda: job(facts[::-1]))) == 200


def test_every_kind_can_be_noted(settings):
    with transaction(settings.database()) as connection:
        assert note_all(connection, [dataclasses.replace(FACT, kind=kind) for kind in KINDS]) == len(KINDS)


@pytest.mark.parametrize(
    "text", ["a\0b", "half \ud800 a pair", "x" * 1_000_000, "é" * 5_000, "€" * 1_000], ids=lambda text: text[:6]
)
def test_no_text_of_an_error_or_a_run_keeps_a_fact_from_being_noted(settings, text):
    with transaction(settings.database()) as connection:
        assert note(connection, Fact("task_failed", text, text, text, text, text))
        assert not note(connection, Fact("task_failed", text, text, text, text, text))
    assert value(settings, "SELECT max(length(text)) FROM scoring.alert") <= TEXT


def test_a_title_is_one_line(settings):
    with transaction(settings.database()) as connection:
        note(connection, dataclasses.replace(FACT, title="two\r\nBcc: everybody@example.org\n lines"))
    assert value(settings, "SELECT title FROM scoring.alert") == "two Bcc: everybody@example.org lines"


@given(st.text(), st.integers(1, 50))
def test_a_tidy_text_is_sound_and_no_longer_than_asked(text, most):
    found = tidy(text, most)
    assert len(found) <= most
    assert "\0" not in found
    found.encode()


@given(st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), max_size=LINE))
def test_what_is_sound_and_short_stays_as_it_is(text):
    assert tidy(text, LINE) == short_key(text) == text


def test_keys_that_are_too_long_stay_apart():
    keys = [f"{'x' * KEY}{number}" for number in range(3)]
    assert len({short_key(key) for key in keys}) == 3
    assert all(len(short_key(key)) <= KEY for key in keys)
