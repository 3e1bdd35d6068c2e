"""What predicted a published score is recorded; a wrong accelerator is refused and the publication is right."""

from dataclasses import replace

import numpy as np
import pytest
from factories import MAY, customers, published_rows, query, table_of
from shop_definitions import LEAVING, SHOP
from sklearn.ensemble import HistGradientBoostingClassifier

from scoring.learning.promotion import promote as put_in_charge
from scoring.models import scorer as scorers
from scoring.models.accelerated import predictor
from scoring.models.accelerated.flat import plain
from scoring.models.encoding import Encoding
from scoring.models.ledger import Decision
from scoring.models.registry import Registry
from scoring.models.scorer import Scorer
from scoring.models.tags import PARITY_TAG
from scoring.publishing.passport import lines, passport, recompute

ROWS = customers(60)


def champion(settings, *, judged=True):
    """Put boosted trees in charge, as a training registers them; returns what they say of all customers."""
    estimator = HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=3, random_state=0)
    scorer = Scorer(estimator, LEAVING, Encoding.of(LEAVING, SHOP), key=SHOP.key, name="new")
    features = scorer.features(table_of(ROWS))
    estimator.fit(features, np.arange(len(ROWS)) % 3 == 0)
    tags = {PARITY_TAG: scorer.parity(features)} if judged else {}
    ref = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts).register(
        LEAVING.model_name, estimator, features.head(3), encoding=scorer.encoding, trusted_types=(), tags=tags,
        metrics={}, as_of=MAY,
    )  # fmt: skip
    put_in_charge(settings, LEAVING, ref, Decision("person", "a test", "for tests"))
    return estimator.predict_proba(features)[:, 1]


def published_of(settings):
    published_rows(settings, LEAVING, ROWS)
    found = passport(settings, "leaving", "c0004")
    assert recompute(settings, found) == found.row.value
    said = dict(lines(found))
    values = query(settings, "SELECT value FROM scoring.published_score WHERE score = 'leaving' ORDER BY customer_id")
    return [value for (value,) in values], said["predicted by"], said["parity"]


@pytest.fixture(autouse=True)
def _any_number(monkeypatch):
    monkeypatch.setattr(scorers, "MANY", 1)


def test_an_accelerated_predictor_publishes_the_estimators_scores(own_registry):
    own = champion(own_registry)
    values, predicted_by, parity = published_of(own_registry)
    assert values == own.tolist()
    assert (predicted_by, parity) == ("accelerated", "equal on 2,060 rows, largest difference 0")


def test_a_wrong_accelerator_is_refused_and_the_publication_is_right(own_registry, monkeypatch):
    def wrong(tree, ensemble):
        right = plain(tree, ensemble)
        return replace(right, value=right.value * 1.001)

    monkeypatch.setattr(predictor, "plain", wrong)
    own = champion(own_registry)
    values, predicted_by, parity = published_of(own_registry)
    assert values == own.tolist()
    assert parity.startswith("refused: it differs from the estimator by up to ")
    assert predicted_by == f"estimator ({parity})"


def test_a_version_of_an_earlier_release_is_asked_itself(own_registry):
    own = champion(own_registry, judged=False)
    values, predicted_by, parity = published_of(own_registry)
    assert values == own.tolist()
    assert predicted_by == "estimator (the version was registered without a parity check)"
    assert parity == "not checked"
