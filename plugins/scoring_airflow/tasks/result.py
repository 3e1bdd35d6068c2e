"""What a task returns: ids and counts, for PostgreSQL holds the rest."""

import dataclasses
from typing import Any


def counts(result: Any) -> dict[str, int]:
    """The ids, counts and flags of a result: what may travel by XCom."""
    return {name: int(value) for name, value in dataclasses.asdict(result).items() if isinstance(value, int)}
