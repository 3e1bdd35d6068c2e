"""An alert as people read it: a message, and one line of a file."""

import datetime as dt
import json

import pytest

from scoring.alerts.facts import Alert
from scoring.delivery.people.message import Message, line, message

TOKYO = dt.timezone(dt.timedelta(hours=9))
ALERT = Alert(
    7,
    "digest",
    "spending 2024-06-30",
    "sales",
    "spending 2024-06-30: 6 of 10 changed",
    "Band migration: low → mid 2.\nNew customers: 1.",
    "nothing.",
    dt.datetime(2024, 7, 1, 6, 30, tzinfo=TOKYO),
)


def test_a_message_says_what_is_the_case_what_to_do_whose_it_is_and_when_it_was_noted_in_utc():
    assert message(ALERT) == Message(
        "[scoring] spending 2024-06-30: 6 of 10 changed",
        "Band migration: low → mid 2.\nNew customers: 1.\n\nWhat to do: nothing.\n\n"
        "Owner: sales. Noted: 2024-06-30 21:30 UTC. Kind: digest. Reference: alert-7.",
    )


def test_a_line_is_json_with_all_that_a_message_says():
    assert json.loads(line(ALERT)) == {
        "id": "alert-7",
        "kind": "digest",
        "owner": "sales",
        "noted_at": "2024-06-30T21:30:00+00:00",
        "title": "spending 2024-06-30: 6 of 10 changed",
        "text": "Band migration: low → mid 2.\nNew customers: 1.",
        "what_to_do": "nothing.",
    }


@pytest.mark.usefixtures("in_tokyo")
def test_what_people_read_is_in_utc_wherever_the_machine_stands():
    assert "Noted: 2024-06-30 21:30 UTC." in message(ALERT).body
    assert json.loads(line(ALERT))["noted_at"] == "2024-06-30T21:30:00+00:00"


def test_a_line_is_one_line_and_shows_letters_of_all_languages_as_they_are():
    assert "\n" not in line(ALERT)
    assert "low → mid" in line(ALERT)
