"""Decides whether a challenger may be put in charge, by what both versions did on the same customers. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from scoring.domain.learning import PromotionPolicy
from scoring.domain.metrics import error_of
from scoring.learning.checks import Check
from scoring.learning.paired import Gain

TOO_FEW = "there are too few customers to be sure"

Name = Literal["primary", "segment", "calibration", "distribution", "bands", "latency", "size"]


@dataclass(frozen=True)
class Trial:
    """What both versions did on the held-out customers.

    Parameters
    ----------
    primary
        The headline metric.
    segments
        The same by guarded segment (``column=value``).
    calibration
        Calibration errors of champion and challenger (0 to 1); None of a regression.
    shift
        Jensen-Shannon distance between the values of both.
    band_changes
        Share of the customers whose band would be another; None without bands.
    seconds
        CPU seconds of champion and challenger for the same customers.
    size
        Bytes of the challenger's file.
    """

    primary: Gain
    segments: Mapping[str, Gain]
    calibration: tuple[float, float] | None
    shift: float
    band_changes: float | None
    seconds: tuple[float, float]
    size: int


def checks(trial: Trial, policy: PromotionPolicy) -> list[Check]:
    """All conditions of a promotion, those that do not hold among them; it passes if all hold."""
    return [_primary(trial.primary, policy), *_segments(trial.segments, policy), *_others(trial, policy)]


def _primary(gain: Gain, policy: PromotionPolicy) -> Check:
    if gain.gain is None or gain.champion is None:
        return Check("primary", False, f"{gain.metric} cannot be compared: {gain.reason}")
    if policy.by == "experiment":
        return _not_worse("primary", gain, gain.champion, policy)
    bound = policy.least_gain * error_of(gain.metric, gain.champion)
    if gain.low is None:
        return _of_gain("primary", gain, TOO_FEW, passed=False, bound=bound)
    if gain.low > bound:
        return _of_gain("primary", gain, f"surely better by {bound:.4g}", passed=True, bound=bound)
    said = f"not surely better by {bound:.4g}" if gain.gain > 0 else "not better"
    return _of_gain("primary", gain, said, passed=False, bound=bound)


def _not_worse(name: Name, gain: Gain, champion: float, policy: PromotionPolicy, *, segment: str = "") -> Check:
    bound = -policy.margin * abs(champion)
    if gain.low is None:
        return _of_gain(name, gain, TOO_FEW, passed=False, bound=bound)  # of a segment that is not judged at all
    said = f"may be worse by up to {-gain.low:.4g}, {-bound:.4g} is allowed" if gain.low < 0 else "surely not worse"
    return _of_gain(name, gain, said, passed=gain.low >= bound, bound=bound, segment=segment)


def _segments(segments: Mapping[str, Gain], policy: PromotionPolicy) -> Iterator[Check]:
    for name, gain in segments.items():
        if gain.n < policy.least_customers:
            yield Check("segment", True, f"not judged: {gain.n:,} customers", name)
        elif gain.low is None or gain.champion is None:
            yield Check("segment", True, f"not judged: {gain.reason or TOO_FEW}", name)
        else:
            yield _not_worse("segment", gain, gain.champion, policy, segment=name)


def _of_gain(name: Name, gain: Gain, said: str, *, passed: bool, bound: float, segment: str = "") -> Check:
    where = f" of {segment}" if segment else ""
    interval = "" if gain.low is None else f" ({gain.low:+.4g} to {gain.high:+.4g})"
    text = f"{gain.metric}{where} {gain.champion:.4g} -> {gain.challenger:.4g}, gain {gain.gain:+.4g}{interval}: {said}"
    return Check(name, passed, text, segment, gain.champion, gain.challenger, gain.gain, gain.low, gain.high, bound)


def _others(trial: Trial, policy: PromotionPolicy) -> Iterator[Check]:
    if trial.calibration is not None:
        was, now = trial.calibration
        said = f"calibration error {was:.4f} -> {now:.4f}; {policy.calibration_loss:g} more is allowed"
        yield _bounded("calibration", now - was, policy.calibration_loss, said, was=was, now=now)
    said = f"values moved by {trial.shift:.3f} (Jensen-Shannon distance); {policy.most_shift:g} is allowed"
    yield _bounded("distribution", trial.shift, policy.most_shift, said)
    if trial.band_changes is not None:
        said = f"{trial.band_changes:.1%} of the customers get another band; {policy.most_band_changes:.1%} is allowed"
        yield _bounded("bands", trial.band_changes, policy.most_band_changes, said)
    was, now = trial.seconds
    ratio = now / was if was > 0 else 1.0
    said = f"it takes {ratio:.2f} times the champion's CPU time; {policy.slower:g} times is allowed"
    yield _bounded("latency", ratio, policy.slower, said, was=was, now=now)
    said = f"its file has {trial.size:,} bytes; {policy.most_bytes:,} are allowed"
    yield _bounded("size", float(trial.size), float(policy.most_bytes), said, now=float(trial.size))


def _bounded(
    name: Name, value: float, bound: float, said: str, *, was: float | None = None, now: float | None = None
) -> Check:
    return Check(name, value <= bound, said, champion=was, challenger=now, value=value, bound=bound)
