"""Exact shares of counts: a pure rule."""

from fractions import Fraction


def share_of(share: float, count: int) -> Fraction:
    """``share`` times ``count``, exactly, with the share taken as the decimal that a person wrote.

    0.29 of 100 is 29, although the product of floats is 28.999999999999996.
    """
    return Fraction(repr(float(share))) * count
