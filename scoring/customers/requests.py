"""Kept requests of the scoring API: one that names the person is deleted whole, with its answer."""

from collections.abc import Mapping
from typing import Any

from scoring.customers.place import Found, Subject
from scoring.database import all_rows, execute, transaction

_FIND = "SELECT * FROM scoring.api_request WHERE customers @> ARRAY[%s]"
_DELETE = "DELETE FROM scoring.api_request WHERE customers @> ARRAY[%s]"


class Requests:
    """Requests of any score: the id may name the same person elsewhere, and nothing rests on a kept request."""

    name = "API requests"

    def find(self, subject: Subject) -> list[Found]:
        """Every request, as it is."""
        with transaction(subject.database) as connection:
            rows: list[Mapping[str, Any]] = list(all_rows(connection, dict, _FIND, (subject.customer,)))
        return [Found("scoring.api_request", row) for row in rows]

    def erase(self, subject: Subject) -> int:
        """Delete them; the same request may be asked again."""
        with transaction(subject.database) as connection:
            return execute(connection, _DELETE, (subject.customer,))
