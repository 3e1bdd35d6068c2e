"""What a handler answers, before it is sent or kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoring.serving.problems import MEDIA_TYPE, Problem

JSON = "application/json"
_written = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=str).encode


@dataclass(frozen=True)
class Answer:
    """Status, body, further headers and kind of an answer."""

    status: int
    content: str
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


def told(content: Any, status: int = 200) -> Answer:
    """JSON-like content as an answer; a float64 is written so that it reads back as the same."""
    return Answer(status, _written(content))


def refused(problem: Problem, **further: Any) -> Answer:
    """A problem as an answer."""
    return Answer(problem.status, _written(problem.content | further), problem.headers, MEDIA_TYPE)


def per_record(results: Mapping[int, Any], problems: Mapping[int, Problem], **further: Any) -> Answer:
    """What became of each record of a request: 200 if any is in good order, else 422 with the first one's errors."""
    count = len(results) + len(problems)
    each = [{"result": results[at]} if at in results else {"problem": problems[at].content} for at in range(count)]
    if results:
        return told(further | {"results": each, "accepted": len(results), "refused": len(problems)})
    first = problems[0]
    detail = first.detail if count == 1 else f"None of {count} records can be used; the first: {first.detail}"
    whole = Problem(422, detail, first.type, first.errors, title=first.title)
    return refused(whole, results=each)
