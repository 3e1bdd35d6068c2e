"""A score's own function of the rows, which makes features that are not delivered."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import Field

from scoring.domain.dataset import Column
from scoring.domain.definition import Definition, digest_of
from scoring.domain.function_source import source_of

MADE = ("number", "integer", "boolean", "category")  # what a model can take


class Transform(Definition):
    """A pure, vectorised function of the rows, which makes further features.

    Parameters
    ----------
    function
        Gets a pandas DataFrame with the columns of ``uses``, one row for each customer, and returns one of the same
        length and index with the columns of ``produces``. A row's result depends on that row alone. It is a function
        with a name; what else of the project it uses (other functions, constants) stands in its own module.
    uses
        Columns of the data set, or features of the score's ``history``.
    produces
        The new columns: numbers, integers, booleans or categories. One that may be null says so.
    """

    function: Callable[[Any], Any] = Field(exclude=True)
    uses: tuple[str, ...] = Field(min_length=1)
    produces: tuple[Column, ...] = Field(min_length=1)

    def mistakes(self) -> Iterator[str]:
        """What is wrong between the fields."""
        if len(set(self.uses)) != len(self.uses):
            yield "uses: a column is named twice"
        names = [column.name for column in self.produces]
        if len(set(names)) != len(names):
            yield "produces: a column is named twice"
        for column in self.produces:
            if column.type not in MADE:
                made = ", ".join(MADE)
                yield f"produces: column {column.name!r} is of type {column.type!r}; a transform makes {made}"
        try:
            _ = self.source  # read now: later the file may be another one
        except ValueError as error:
            yield f"function: {error}"

    @property
    def name(self) -> str:
        """The function's name in messages."""
        return str(getattr(self.function, "__qualname__", self.function))

    @property
    def source(self) -> str:
        """The function's source with all that it uses of its module, without comments.

        Raises
        ------
        ValueError
            If it has none that says all it does.
        """
        return source_of(self.function)

    @property
    def content(self) -> dict[str, Any]:
        """All that decides what the transform makes, as JSON-like content."""
        produced = [column.model_dump(include={"name", "type", "nullable", "values"}) for column in self.produces]
        return {"source": self.source, "uses": list(self.uses), "produces": produced}

    @property
    def digest(self) -> str:
        """Digest of :attr:`content`."""
        return digest_of(self.content)
