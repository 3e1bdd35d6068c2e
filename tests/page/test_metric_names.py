"""The page knows exactly the metrics that are computed, though it does not import what computes them."""

import pytest
from page_definitions import CHURN, SPEND

from scoring.errors import NotFound
from scoring.monitoring import metrics
from scoring.page.metric_names import metric_of, metrics_of


def test_the_names_are_those_of_the_computed_metrics() -> None:
    assert metrics_of(CHURN) == metrics.CLASSIFICATION
    assert sorted(metrics_of(SPEND)) == sorted(metrics.REGRESSION)


def test_without_a_wish_it_is_the_headline_metric() -> None:
    assert [metric_of(CHURN, None), metric_of(SPEND, "")] == ["roc_auc", "mae"]
    assert metric_of(CHURN, "brier") == "brier"


def test_a_metric_of_another_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(NotFound, match="churn has no metric 'mae'; it has: precision, recall"):
        metric_of(CHURN, "mae")
