"""Who decided, and why, is asked for with the words of the command line or of Airflow's form."""

import pytest

from scoring.domain.signature import require_signature
from scoring.errors import PermanentError


@pytest.mark.parametrize(("by", "reason"), [("", "why"), (" \t", "why"), ("ada", ""), ("ada", "\n"), (" ", " ")])
def test_a_decision_without_a_name_or_a_reason_is_refused(by: str, reason: str) -> None:
    with pytest.raises(PermanentError) as caught:
        require_signature("A promotion", by, reason)
    said = "A promotion is recorded for good: it needs a name and a reason. Remedy: "
    assert str(caught.value) == f"{said}say who you are (--by) and why (--reason)."
    caught.value.read_in_airflow = True
    assert str(caught.value) == f"{said}fill in *Your name* and *Reason* of the form."


def test_the_name_is_called_as_where_it_is_asked_for() -> None:
    with pytest.raises(PermanentError) as caught:
        require_signature("A correction", "", "why", name="an author", option="--author", field="Author")
    assert "it needs an author and a reason. Remedy: say who you are (--author)" in str(caught.value)
    caught.value.read_in_airflow = True
    assert "fill in *Author* and" in str(caught.value)


def test_a_name_and_a_reason_are_enough() -> None:
    require_signature("A promotion", "ada", "better")
