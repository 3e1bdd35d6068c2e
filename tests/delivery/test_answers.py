"""An answer, as a person reads it."""

import pytest

from scoring.delivery.adapters.contract import Answer

TABLE = [
    (404, None, "404 Not Found"),
    (404, "the body was cut off", "404 Not Found (the body was cut off)"),
    (299, None, "299"),
    (299, "too slow", "299 (too slow)"),
    (None, "the connection was refused", "the connection was refused"),
    (None, None, "no answer"),
]


@pytest.mark.parametrize(("status", "error", "said"), TABLE)
def test_an_answer_is_said_by_its_status_and_phrase_or_by_why_there_is_none(status, error, said):
    assert Answer(status, error, None, 0.1).said == said
