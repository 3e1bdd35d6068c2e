"""Reads the lines that Airflow sends by StatsD, with tags as InfluxDB writes them. Pure.

Airflow needs ``[metrics] statsd_on``, ``statsd_influxdb_enabled`` and, so that each fact comes once,
``legacy_names_on = False``. A line is ``name[,tag=value...]:number|type[|@rate]``.
"""

import math
from dataclasses import dataclass, field
from typing import Literal, cast

Kind = Literal["c", "g", "ms"]
MOST_CHARACTERS = 1_000


@dataclass(frozen=True)
class Line:
    """One fact: a counter's growth (``c``), a gauge's value (``g``) or a time in milliseconds (``ms``).

    ``relative`` says that a gauge moved by ``value``.
    """

    name: str
    value: float
    kind: Kind
    tags: dict[str, str] = field(default_factory=dict)
    relative: bool = False


def parse(text: str) -> Line | None:
    """What a line says; None if it cannot be read."""
    subject, found, rest = text.strip().rpartition(":")
    parts = rest.split("|")
    if not found or len(text) > MOST_CHARACTERS or len(parts) not in (2, 3) or parts[1] not in ("c", "g", "ms"):
        return None
    value, rate = _number(parts[0]), 1.0
    if len(parts) == 3:  # noqa: PLR2004 - with a rate
        rate = _number(parts[2].removeprefix("@")) or 0.0
    name, *tags = subject.split(",")
    if value is None or not name or not 0 < rate <= 1:
        return None
    return Line(
        name,
        value / rate if parts[1] == "c" else value,
        cast("Kind", parts[1]),
        dict(tag.split("=", 1) for tag in tags if "=" in tag),
        relative=parts[1] == "g" and parts[0][:1] in ("+", "-"),
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
