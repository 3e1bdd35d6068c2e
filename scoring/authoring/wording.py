"""Words of findings. Pure."""


def counted(count: int, word: str) -> str:
    """A number and what it counts: ``1 row``, ``2 rows``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
