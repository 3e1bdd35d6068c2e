"""How a person is recognised in free text: by the id, and by values that hardly anybody else has. Pure."""

import html
import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

SHORT, DIGITS = 4, 6  # shorter ids, and ids of fewer digits alone, are looked for only where they stand as ids
SIGNIFICANT = 6  # digits or characters from which a value is taken for a person's own

_ALONE = r"(?<![0-9A-Za-z_]){}(?![0-9A-Za-z_])"
_AS_ID = r"""(?<=['"]){0}(?=['"])|(?<=customer ){0}(?![0-9A-Za-z_])|(?<=customer_id=){0}(?![0-9A-Za-z_])"""
_VALUE = r"(?<![0-9A-Za-z_.]){}(?![0-9A-Za-z_]|\.[0-9])"


def distinctive(value: Any) -> frozenset[str]:
    """How a value of a person is written, if it has at least six significant digits, or six characters as a text.

    Dates and truth values are never a person's own.
    """
    if isinstance(value, str):
        return frozenset([value]) if len(value.strip()) >= SIGNIFICANT else frozenset()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return frozenset()
    text = str(value)
    digits = re.sub(r"[eE].*|\D", "", text).strip("0")
    if len(digits) < SIGNIFICANT:
        return frozenset()
    return frozenset({text.lstrip("-"), text.lstrip("-").removesuffix(".0")})


class Traces:
    """Finds and masks what a text says of one person.

    Parameters
    ----------
    customer
        The id. One of fewer than 4 characters, or of fewer than 6 digits and nothing else, is only found in quotes or
        after the word customer: elsewhere it is a number like others.
    values
        Texts of distinctive values.
    """

    def __init__(self, customer: str, values: Iterable[str] = ()) -> None:
        weak = len(customer) < SHORT or (customer.isdigit() and len(customer) < DIGITS)
        forms = {customer, json.dumps(customer)[1:-1], html.escape(customer), quote(customer, safe="")}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        ids = [(_AS_ID if weak else _ALONE).format(re.escape(form)) for form in longest_first]
        self.values = frozenset(values)
        own = sorted({form for value in self.values for form in (value, json.dumps(value)[1:-1], html.escape(value))})
        self.pattern = "|".join([*ids, *(_VALUE.format(re.escape(form)) for form in own)])
        self._text, self._bytes = re.compile(self.pattern), re.compile(self.pattern.encode())

    def in_text(self, text: str) -> bool:
        """Whether a text says something of the person."""
        return self._text.search(text) is not None

    def spans(self, content: Any) -> list[tuple[int, int]]:
        """Where bytes (or a memory map) say something of the person."""
        return [found.span() for found in self._bytes.finditer(content)]

    def masked(self, text: str) -> str:
        """The text with asterisks, as many as there were characters."""
        return self._text.sub(lambda found: "*" * len(found.group()), text)

    def masked_content(self, content: Any) -> Any:
        """JSON content with masked texts and keys; a number that is a distinctive value becomes null."""
        if isinstance(content, str):
            return self.masked(content)
        if isinstance(content, list):
            return [self.masked_content(one) for one in content]
        if isinstance(content, dict):
            return {self.masked(key): self.masked_content(one) for key, one in content.items()}
        return None if distinctive(content) & self.values else content
