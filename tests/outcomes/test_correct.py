"""A person's correction says who and why, wins from when it is recorded, and takes nothing away."""

import pytest
from factories import JULY, JUNE, MAY, query
from factories_outcomes import (
    TOLD,
    cohort,
    corrections,
    deliver_outcomes,
    known_of,
    latest,
    month_later,
    outcomes_of,
    refused,
)
from shop_definitions import LEAVING, SPENDING

from scoring.errors import NotFound, PermanentError, SourceError
from scoring.outcomes.collect import collect
from scoring.outcomes.correct import correct, correct_file, history

ADA = {"author": "ada", "reason": "the till was wrong"}


@pytest.fixture
def collected(shop):
    """June's cohort with its outcomes."""
    cohort(shop, 5)
    month_later(shop, {0: 1.0, 1: 2.0, 2: 3.0})
    collect(shop, SPENDING, JUNE)
    return shop


def test_a_correction_wins_from_when_it_is_recorded_also_over_what_the_system_says_later(collected):
    before = latest(collected)
    done = correct(collected, SPENDING, JUNE, "c0001", written="20", **ADA)
    assert not done.found
    assert known_of(collected) == {"c0000": 1.0, "c0001": 20.0, "c0002": 3.0}
    assert known_of(collected, at=before) == {"c0000": 1.0, "c0001": 2.0, "c0002": 3.0}
    month_later(collected, {0: 1.0, 1: 7.0, 2: 4.0})
    collect(collected, SPENDING, JUNE)
    assert known_of(collected) == {"c0000": 1.0, "c0001": 20.0, "c0002": 4.0}
    correct(collected, SPENDING, JUNE, "c0001", written="21", author="bob", reason="counted again")
    assert known_of(collected)["c0001"] == 21.0
    assert known_of(collected, at=done.outcome.recorded_at)["c0001"] == 20.0


def test_a_customer_whose_outcome_no_system_knows_can_be_corrected(collected):
    correct(collected, SPENDING, JUNE, "c0004", written="9.5", **ADA)
    assert known_of(collected)["c0004"] == 9.5


def test_the_same_correction_again_adds_nothing_and_another_reason_is_another_one(collected):
    first = correct(collected, SPENDING, JUNE, "c0001", written="20", **ADA)
    before = outcomes_of(collected)
    again = correct(collected, SPENDING, JUNE, "c0001", written="20.0", **ADA)
    assert (again.found, again.outcome) == (True, first.outcome)
    assert outcomes_of(collected) == before
    assert not correct(collected, SPENDING, JUNE, "c0001", written="20", author="ada", reason="seen twice").found


def test_the_history_tells_all_that_was_said_in_order(collected):
    correct(collected, SPENDING, JUNE, "c0001", written="20", **ADA)
    month_later(collected, {1: 7.0})
    collect(collected, SPENDING, JUNE)
    said = history(collected, SPENDING, "c0001", None)
    assert [(one.as_of, one.value, one.origin, one.author, one.reason) for one in said] == [
        (JUNE, 2.0, "system", None, None),
        (JUNE, 20.0, "human", "ada", "the till was wrong"),
        (JUNE, 7.0, "system", None, None),
    ]
    assert said[1].observed_at == said[0].observed_at
    assert history(collected, SPENDING, "c0001", JUNE) == said
    with pytest.raises(NotFound, match="No outcome of spending is recorded for customer 'c0001' at 2024-07-31"):
        history(collected, SPENDING, "c0001", JULY)


REFUSED = {
    "an unknown cohort": ((MAY, "c0001", "5"), {}, NotFound, "spending has no publication at 2024-05-31"),
    "an unknown customer": ((JUNE, "c0009", "5"), {}, NotFound, "no customer 'c0009' at 2024-06-30"),
    "an impossible value": ((JUNE, "c0001", "much"), {}, PermanentError, "'much' cannot be the outcome of spending"),
    "a value below the minimum": ((JUNE, "c0001", "-1"), {}, PermanentError, "below the minimum"),
    "nobody": ((JUNE, "c0001", "5"), {"author": " "}, PermanentError, "needs an author and a reason"),
    "no reason": ((JUNE, "c0001", "5"), {"reason": ""}, PermanentError, "needs an author and a reason"),
    "a reason in Latin-1": ((JUNE, "c0001", "5"), {"reason": "f\udcfcr"}, PermanentError, "not valid UTF-8"),
    "a name with NUL": ((JUNE, "c0001", "5"), {"author": "a\0"}, PermanentError, "the character NUL"),
    "a value in Latin-1": ((JUNE, "c0001", "\udcfc"), {}, PermanentError, "not valid UTF-8"),
    "a value with NUL": ((JUNE, "c0001", "5\0"), {}, PermanentError, "cannot be the outcome of spending"),
    "a customer in Latin-1": ((JUNE, "c\udcfc", "5"), {}, PermanentError, "not valid UTF-8"),
}


@pytest.mark.parametrize(("about", "changes", "error", "said"), REFUSED.values(), ids=REFUSED)
def test_a_correction_that_cannot_be_is_refused_and_leaves_nothing(collected, about, changes, error, said):
    as_of, customer, written = about
    before = outcomes_of(collected)
    with pytest.raises(error, match=said):
        correct(collected, SPENDING, as_of, customer, written=written, **(ADA | changes))
    assert outcomes_of(collected) == before


def test_a_file_of_corrections_may_be_about_several_cohorts_and_refuses_what_it_must(collected):
    cohort(collected, 6, as_of=JULY)
    corrections(
        collected,
        "c0000,2024-06-30,10,till", "c0000,2024-07-31,11,till", "c0001,2024-05-31,1,till", "c0009,2024-06-30,1,till",
        "c0001,2024-06-31,1,till", "c0001,2024-06-30,x,till", "c0001,2024-06-30,1,", "c0001,2024-06-30,1, ",
        ",2024-06-30,1,till", "c0002,2024-06-30,1,till", "c0002,2024-06-30,2,till", "c0003,2024-06-30,4,till",
        "c0003,2024-06-30,4.0,again", "c0005,2024-06-30,1,till",
    )  # fmt: skip
    done = correct_file(collected, SPENDING, "corrections.csv", author="ada")
    assert (done.received, done.recorded, done.unchanged, done.quarantined, done.duplicates) == (14, 3, 0, 10, 1)
    assert done.as_ofs == (JUNE, JULY)
    assert refused(collected) == [
        (3, "unknown cohort: the score is not published at this date"), (4, "unknown customer"),
        (5, "impossible as_of: it is not a date like 2005-06-30"), (6, "impossible value: it is not a number"),
        (7, "no reason"), (8, "no reason"), (9, "no customer"), (10, "conflicting values for one customer"),
        (11, "conflicting values for one customer"), (14, "unknown customer"),
    ]  # fmt: skip
    assert known_of(collected) == {"c0000": 10.0, "c0001": 2.0, "c0002": 3.0, "c0003": 4.0}
    assert known_of(collected, as_of=JULY) == {"c0000": 11.0}
    human = query(
        collected, "SELECT author, reason, observed_at FROM scoring.outcome WHERE origin = 'human' ORDER BY 3"
    )
    assert [(author, reason) for author, reason, _ in human] == [("ada", "till")] * 3
    assert str(human[-1].observed_at.date()) == "2024-08-31"


def test_a_date_whose_horizon_ends_after_the_last_date_is_an_unknown_cohort_and_the_other_rows_count(collected):
    corrections(collected, "c0000,9999-12-31,10,till", "c0001,0001-01-01,10,till", "c0002,2024-06-30,12,till")
    done = correct_file(collected, SPENDING, "corrections.csv", author="ada")
    assert (done.recorded, done.quarantined) == (1, 2)
    unknown = "unknown cohort: the score is not published at this date"
    assert refused(collected) == [(1, unknown), (2, unknown)]
    assert known_of(collected)["c0002"] == 12.0


def test_a_file_again_adds_nothing_and_never_overrides_a_later_correction(collected):
    corrections(collected, "c0000,2024-06-30,10,till", "c0001,2024-06-30,11,till")
    first = correct_file(collected, SPENDING, "corrections.csv", author="ada")
    correct(collected, SPENDING, JUNE, "c0001", written="12", author="bob", reason="counted")
    before = outcomes_of(collected)
    again = correct_file(collected, SPENDING, "corrections.csv", author="ada")
    assert (again.found, again.batch_id) == (True, first.batch_id)
    assert outcomes_of(collected) == before
    corrections(collected, "c0000,2024-06-30,10,till", "c0001,2024-06-30,13,till")
    more = correct_file(collected, SPENDING, "corrections.csv", author="ada")
    assert (more.recorded, more.unchanged, more.found) == (1, 1, False)


def test_a_file_of_which_nothing_can_be_used_fails_and_one_outside_of_the_roots_is_not_read(collected, tmp_path):
    corrections(collected, "c0000,2023-01-31,10,till")
    with pytest.raises(PermanentError, match="none of 1 rows could be used"):
        correct_file(collected, SPENDING, "corrections.csv", author="ada")
    assert query(collected, "SELECT as_of, author, quarantined FROM scoring.outcome_batch WHERE origin = 'human'") == [
        (None, "ada", 1)
    ]
    outside = tmp_path / "outside.csv"
    outside.write_text("customer_id,as_of,value,reason\n")
    with pytest.raises(SourceError, match="neither below the inbox"):
        correct_file(collected, SPENDING, str(outside), author="ada")
    with pytest.raises(PermanentError, match="needs an author"):
        correct_file(collected, SPENDING, "corrections.csv", author="")


def test_corrections_leave_the_systems_memory_alone(collected):
    """What a system says is compared with what a system said, not with what a person said."""
    correct(collected, SPENDING, JUNE, "c0001", written="20", **ADA)
    deliver_outcomes(collected, "c0000,1,", "c0001,2,", "c0002,3,")
    done = collect(collected, TOLD, JUNE)
    assert (done.recorded, done.unchanged) == (0, 3)
    assert LEAVING.name not in {row.score for row in query(collected, "SELECT score FROM scoring.outcome")}
