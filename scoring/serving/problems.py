"""Problems as RFC 9457 has them: what is wrong with a request, or with one record of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from scoring.errors import ConfigurationError, NotFound, PermanentError, ScoringError, TransientError
from scoring.intake.messages.reader import FieldError, Refused
from scoring.intake.messages.text import shown

MEDIA_TYPE = "application/problem+json"

# What is said of each status, unless something more exact is known.
TITLES = {
    400: "The request cannot be read",
    401: "A valid API key is needed",
    403: "The API key lacks a scope",
    404: "There is no such thing",
    405: "The method is not allowed here",
    408: "The request came too slowly",
    409: "The same request is under way",
    413: "The request is too large",
    415: "The body must be JSON",
    422: "The request cannot be used",
    429: "Too many requests",
    431: "The headers are too large",
    500: "This is a bug of the API",
    503: "The API cannot answer now",
    504: "The answer took too long",
}


@dataclass(eq=False)
class Problem(Exception):
    """A problem; raised, it is about the whole request."""

    status: int
    detail: str
    type: str = "about:blank"
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    @property
    def content(self) -> dict[str, Any]:
        """The problem as JSON."""
        said: dict[str, Any] = {
            "type": self.type,
            "title": self.title or TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        return said | {"errors": [_content(one) for one in self.errors]} if self.errors else said


def _content(error: FieldError) -> dict[str, Any]:
    return {"field": shown(error.field), "value": shown(error.value), "rule": error.rule}


def of_record(refused: Refused) -> Problem:
    """The problem of a record that cannot be used."""
    return invalid(refused.detail, refused.errors)


def invalid(detail: str, errors: Sequence[FieldError] = (), *, type_: str = "urn:scoring:invalid-record") -> Problem:
    """A record or a request that says something impossible."""
    return Problem(422, detail, type_, tuple(errors), title="A record cannot be used" if errors else "")


def of_error(error: ScoringError) -> Problem:
    """What a caller is told of an error of ours; remedies are for operators, so they are left out."""
    said = str(error.args[0])
    if isinstance(error, NotFound):
        return Problem(404, said, "urn:scoring:not-found")
    if isinstance(error, TransientError):
        return Problem(503, "A part of the installation does not answer.", "urn:scoring:unavailable", headers=AFTER)
    if isinstance(error, ConfigurationError):
        return Problem(503, "The installation is not set up completely.", "urn:scoring:unavailable", headers=AFTER)
    if isinstance(error, PermanentError):
        return Problem(422, said, "urn:scoring:refused")
    return Problem(500, "The error stands in the API's log.", "urn:scoring:bug")


AFTER = {"Retry-After": "1"}
