"""When a refused delivery is split."""

import pytest

from scoring.delivery.splitting import is_to_be_split

REFUSED = {
    "status": 400, "events": 100, "attempt": 1, "is_part": False, "others_taken": True, "parts_pending": 0
}  # fmt: skip

TABLE = [
    ({}, True, "the CRM takes others: it is something in this body"),
    ({"status": 422}, True, "the same"),
    ({"status": 413}, True, "too large"),
    ({"events": 2}, True, "two can still be told apart"),
    ({"events": 1}, False, "it is this event: it dies alone"),
    ({"status": 413, "events": 1}, False, "nothing smaller can be sent"),
    ({"status": 401}, False, "the secret is refused, not the body"),
    ({"status": 404}, False, "the address is wrong"),
    ({"status": 500}, False, "the CRM's own fault"),
    ({"status": None}, False, "no answer"),
    ({"status": 204}, False, "it was taken"),
    ({"others_taken": False}, False, "perhaps it refuses everything"),
    ({"others_taken": False, "attempt": 2}, False, "perhaps still"),
    ({"others_taken": False, "attempt": 3}, True, "minutes later: try whether one half is taken"),
    ({"others_taken": False, "attempt": 10}, True, "the last chance"),
    ({"others_taken": False, "attempt": 3, "is_part": True}, False, "neither half was taken: it refuses everything"),
    ({"is_part": True}, True, "the other half was taken: the search goes on"),
    ({"status": 413, "others_taken": False}, True, "its size is reason enough"),
    ({"status": 413, "others_taken": False, "is_part": True}, True, "still too large"),
    ({"parts_pending": 199}, True, "room for a few more"),
    ({"parts_pending": 200}, False, "enough are being looked at; this one waits its turn"),
    ({"status": 413, "parts_pending": 200}, False, "the limit holds for every status"),
]


@pytest.mark.parametrize(("changed", "expected", "why"), TABLE)
def test_when_a_delivery_is_split(changed, expected, why):
    assert is_to_be_split(**(REFUSED | changed)) is expected, why
