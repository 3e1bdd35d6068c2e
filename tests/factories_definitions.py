"""What is said of a definition that is wrong."""

from collections.abc import Callable

from pydantic import ValidationError


def mistakes_of(make: Callable[[], object]) -> list[str]:
    """The mistakes with which a definition is refused; none if it is taken."""
    try:
        make()
    except ValidationError as refused:
        told = [str(found["msg"]).removeprefix("Value error, ") for found in refused.errors()]
        return [line for text in told for line in text.splitlines()]
    return []
