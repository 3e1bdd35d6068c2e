"""Whether a model made with one version of scikit-learn may be used by another, as a pure rule."""

from typing import Literal

Policy = Literal["refuse", "allow"]

# What the last release trained with, before versions said so.
BEFORE_RECORDING = "1.9.1"


def is_usable(trained_with: str, installed: str, policy: Policy) -> bool:
    """Whether a model trained with one version may be scored by another.

    scikit-learn promises nothing across versions (its documentation, "Model persistence"). Releases that differ in the
    last number only fix faults; others are refused unless ``policy`` allows them.
    """
    return policy == "allow" or _minor(trained_with) == _minor(installed)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
