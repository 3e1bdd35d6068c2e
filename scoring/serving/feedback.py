"""Takes outcomes and corrections in: each gets a receipt or a problem, by the rules of scoring.outcomes."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from scoring.catalog import Catalog
from scoring.errors import ScoringError, TransientError
from scoring.intake.messages.reader import FieldError
from scoring.intake.messages.text import Written
from scoring.outcomes.correct import correct_in
from scoring.outcomes.told import Told, take_in
from scoring.serving.answers import Answer, per_record
from scoring.serving.keys import ApiKey
from scoring.serving.pool import Pool
from scoring.serving.problems import Problem, invalid, of_error

MOST_COHORTS = 20  # of one request: each is a transaction
MOST_CORRECTIONS = 100  # of one request: persons make them

_OUTCOME = {"customer_id": True, "score": True, "as_of": True, "value": True, "observed_at": False}
_CORRECTION = {"customer_id": True, "score": True, "as_of": True, "value": True, "author": True, "reason": True}
_SCALAR = (str, Written, bool)

MISSING = "the field is missing"

Record = dict[str, Any]
Take = Callable[[Sequence[Record]], list[Any]]  # a receipt or a Problem for each


def outcomes(pool: Pool, catalog: Catalog, key: ApiKey, records: Sequence[Any]) -> Answer:
    """Record what systems observed; each cohort (score and date) is a batch in a transaction of its own.

    Raises
    ------
    Problem
        413 if they are about too many cohorts.
    """
    problems = _misshapen(records, _OUTCOME)
    groups: dict[tuple[str, str], list[int]] = {}
    for at, record in enumerate(records):
        if at not in problems:
            groups.setdefault((record["score"], record["as_of"]), []).append(at)
    if len(groups) > MOST_COHORTS:
        raise Problem(413, f"The outcomes are about {len(groups)} scores and dates; {MOST_COHORTS} are allowed.")
    take = partial(_take_in, pool, catalog, key)
    return _settled(records, list(groups.values()), problems, take)


def corrections(pool: Pool, catalog: Catalog, key: ApiKey, records: Sequence[Any]) -> Answer:
    """Record what persons say really happened; each in a transaction of its own.

    Raises
    ------
    Problem
        413 if there are too many.
    """
    if len(records) > MOST_CORRECTIONS:
        raise Problem(413, f"The request has {len(records)} corrections; {MOST_CORRECTIONS} are allowed.")
    problems = _misshapen(records, _CORRECTION)
    alone = [[at] for at in range(len(records)) if at not in problems]
    return _settled(records, alone, problems, partial(_correct, pool, catalog, key))


def _settled(records: Sequence[Any], groups: list[list[int]], problems: dict[int, Problem], take: Take) -> Answer:
    """Take groups of records in, one after the other; a database that is away fails the request."""
    results: dict[int, Any] = {}
    for positions in groups:
        try:
            taken = take([records[at] for at in positions])
        except TransientError:
            raise
        except ScoringError as error:
            problems |= dict.fromkeys(positions, of_error(error))
            continue
        for at, found in zip(positions, taken, strict=True):
            if isinstance(found, Problem):
                problems[at] = found
            else:
                results[at] = found
    return per_record(results, problems)


def _take_in(pool: Pool, catalog: Catalog, key: ApiKey, records: Sequence[Record]) -> list[Any]:
    """Receipts or problems of outcomes about one score and date."""
    score = catalog.score(records[0]["score"])
    as_of = dt.date.fromisoformat(records[0]["as_of"])
    told = [Told(one["customer_id"], _text(one["value"]), one.get("observed_at")) for one in records]
    with pool.transaction() as connection:
        done = take_in(connection, score, catalog.data_set(score.data_set), as_of, told, source=f"API key {key.name}")
    receipt = {"batch": done.batch.batch_id, "known": done.batch.found}
    return [
        invalid(f"It is refused: {done.refused[at]}.", [FieldError("value", one.value, done.refused[at])])
        if at in done.refused
        else {"customer_id": one.customer_id} | receipt
        for at, one in enumerate(told)
    ]


def _correct(pool: Pool, catalog: Catalog, key: ApiKey, records: Sequence[Record]) -> list[Any]:
    """The receipt of one correction; who sent it is recorded beside its author."""
    (record,) = records
    score = catalog.score(record["score"])
    with pool.transaction() as connection:
        done = correct_in(
            connection,
            score,
            catalog.data_set(score.data_set),
            dt.date.fromisoformat(record["as_of"]),
            record["customer_id"],
            written=_text(record["value"]),
            author=f"{record['author']} (API key {key.name})" if record["author"].strip() else "",
            reason=record["reason"],
        )
    known = done.outcome
    receipt = {"value": known.value, "recorded_at": known.recorded_at.isoformat(), "known": done.found}
    return [{"customer_id": known.customer_id} | receipt]


def _misshapen(records: Sequence[Any], fields: Mapping[str, bool]) -> dict[int, Problem]:
    """What is wrong with the form of records, by position."""
    found = {at: errors for at, record in enumerate(records) if (errors := _errors(record, fields))}
    return {at: invalid("Nothing is recorded of this; see the errors.", errors) for at, errors in found.items()}


def _errors(record: Any, fields: Mapping[str, bool]) -> list[FieldError]:
    """What is wrong with the fields of a record; ``fields`` says of each whether it is required."""
    if not isinstance(record, dict):
        return [FieldError("", record, "it must be an object")]
    errors = [FieldError(name, value, "there is no such field") for name, value in record.items() if name not in fields]
    for name, required in fields.items():
        value = record.get(name)
        flaw = (MISSING if required else None) if value is None else _flaw(name, value)
        if flaw is not None:
            errors.append(FieldError(name, value, flaw))
    return errors


def _flaw(name: str, value: Any) -> str | None:
    if name == "value":
        return None if type(value) in _SCALAR else "it must be a number, a string, true or false"
    if type(value) is not str or not _storable(value):
        return "it must be a string"
    return "it must be a date like 2005-06-30" if name == "as_of" and not _is_date(value) else None


def _storable(text: str) -> bool:
    """Whether PostgreSQL can store it."""
    return "\0" not in text and text.encode("utf-8", "ignore").decode() == text


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
