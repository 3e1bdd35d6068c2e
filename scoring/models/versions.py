"""Whether a model trained with one version of scikit-learn may be used with another: a pure rule."""

from typing import Literal

Policy = Literal["refuse", "allow"]

# The first release did not record the version; it trained with this one.
BEFORE_RECORDING = "1.9.1"


def is_usable(trained_with: str, installed: str, policy: Policy) -> bool:
    """Whether a model trained with scikit-learn ``trained_with`` may be used with ``installed``.

    scikit-learn promises nothing across versions (its documentation, "Model persistence"). Versions that differ only
    in the last number are accepted, because they only fix bugs; others are refused unless ``policy`` allows them.
    """
    return policy == "allow" or _minor(trained_with) == _minor(installed)


def with_library(made_with: str | None) -> str:
    """The library and its version, for people: ``made_with`` is a version of scikit-learn, or has both."""
    if made_with is None:
        return "scikit-learn unknown"
    return made_with if " " in made_with else f"scikit-learn {made_with}"


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
