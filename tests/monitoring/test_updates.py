"""When a model needs an update: a table of cases, and the words for each reason."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.monitoring import UpdatePolicy
from scoring.monitoring.figures import Figure
from scoring.monitoring.updates import Evidence, loss, reasons, useful


def auc(value, low, high):
    return Figure("roc_auc", value, low, high, 1000)


def mae(value, low, high):
    return Figure("mae", value, low, high, 1000)


def evidence(metric="roc_auc", promised=0.9, **known):
    nothing = {"realised": None, "estimated": None, "trusted": None, "drifted": None, "days": 30}
    return Evidence(metric, promised, **{**nothing, **known})


CASES = {
    # what is known, and which reasons follow (words that are in them)
    "nothing is known": (evidence(), []),
    "as promised": (evidence(realised=auc(0.9, 0.89, 0.91)), []),
    "better than promised": (evidence(realised=auc(0.99, 0.98, 0.995)), []),
    "worse, but perhaps by chance": (evidence(realised=auc(0.8, 0.7, 0.82)), []),
    "worse by exactly what is tolerated": (evidence(promised=1.0, realised=auc(0.7, 0.65, 0.75)), []),
    "worse for sure": (evidence(realised=auc(0.7, 0.65, 0.74)), ["by known outcomes"]),
    "a greater error for sure": (
        evidence("mae", 100.0, realised=mae(150, 140, 160)),
        ["mae is 150 (95 % interval 140 to 160), 100 was promised, by known outcomes"],
    ),
    "a greater error, perhaps by chance": (evidence("mae", 100.0, realised=mae(150, 110, 190)), []),
    "a smaller error": (evidence("mae", 100.0, realised=mae(50, 40, 60)), []),
    "nothing was promised": (evidence(promised=None, realised=auc(0.5, 0.4, 0.6)), []),
    "no interval": (evidence(realised=Figure("roc_auc", 0.1, None, None, 1)), []),
    "an estimate without a record": (evidence(estimated=auc(0.7, 0.65, 0.74)), ["as is estimated"]),
    "an estimate with a good record": (evidence(estimated=auc(0.7, 0.65, 0.74), trusted=True), ["as is estimated"]),
    "an estimate with a bad record": (evidence(estimated=auc(0.7, 0.65, 0.74), trusted=False), []),
    "an estimate as promised": (evidence(estimated=auc(0.9, 0.85, 0.95), trusted=True), []),
    "an estimate, but outcomes say otherwise": (
        evidence(estimated=auc(0.7, 0.65, 0.74), realised=auc(0.9, 0.89, 0.91)),
        [],
    ),
    "drift where outcomes are near": (evidence(drifted=10, days=59), []),
    "drift where outcomes are far": (evidence(drifted=3, days=60), ["3 features have drifted"]),
    "a little drift where outcomes are far": (evidence(drifted=2, days=365), []),
    "drift, but outcomes are known": (evidence(drifted=9, days=365, realised=auc(0.9, 0.89, 0.91)), []),
    "drift and an estimate": (
        evidence(drifted=9, days=365, estimated=auc(0.7, 0.65, 0.74)),
        ["as is estimated", "9 features have drifted since training, and outcomes are 365 days away"],
    ),
}
POLICY = UpdatePolicy(tolerated_loss=0.25, drifted_columns=3, far_days=60)
SLACK = UpdatePolicy(tolerated_loss=0.15, drifted_columns=3, far_days=60)


@pytest.mark.parametrize(("known", "said"), CASES.values(), ids=CASES)
def test_what_is_known_decides_whether_an_update_is_needed(known, said):
    policy = POLICY if known.promised == 1.0 else SLACK
    found = reasons(known, policy)
    assert len(found) == len(said)
    assert all(words in sentence for words, sentence in zip(said, found, strict=True))


def test_drift_alone_is_never_enough_if_the_definition_says_so():
    known = evidence(drifted=100, days=3650)
    assert reasons(known, UpdatePolicy(drifted_columns=None)) == []
    assert len(reasons(known, UpdatePolicy())) == 1


@pytest.mark.parametrize(
    ("metric", "value", "promised", "share"),
    [
        ("roc_auc", 0.72, 0.9, 0.2),
        ("roc_auc", 0.99, 0.9, -0.1),
        ("mae", 120.0, 100.0, 0.2),
        ("mae", 90.0, 100.0, -0.1),
        ("r2", -0.2, -0.1, 1.0),
        ("mae", 5.0, 0.0, math.inf),
        ("mae", 0.1, 0.0, math.inf),
        ("mae", 0.0, 0.0, 0.0),
        ("r2", 0.5, 0.0, 0.0),
    ],
)
def test_a_loss_is_a_share_of_what_was_promised(metric, value, promised, share):
    assert loss(metric, value, promised) == pytest.approx(share)


@given(st.sampled_from(["roc_auc", "mae"]), st.floats(0, 1), st.floats(0, 1))
def test_an_update_is_useful_if_the_metric_got_better(metric, before, after):
    better = after > before if metric == "roc_auc" else after < before
    assert useful(metric, before, after) == better
