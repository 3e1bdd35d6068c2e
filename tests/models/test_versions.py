"""When a model may be scored by another scikit-learn than it was trained with."""

import pytest
from factories import JUNE, customers, snapshot_of
from mlflow.tracking import MlflowClient
from shop_definitions import SPENDING

from scoring.errors import PermanentError
from scoring.models.versions import is_usable
from scoring.publishing.plan import plan


@pytest.mark.parametrize(
    ("trained", "installed", "policy", "usable"),
    [
        ("1.9.1", "1.9.1", "refuse", True),
        ("1.9.0", "1.9.1", "refuse", True),  # only faults are fixed
        ("1.8.1", "1.9.1", "refuse", False),
        ("2.9.1", "1.9.1", "refuse", False),
        ("1.10.0", "1.1.0", "refuse", False),
        ("1.8.1", "1.9.1", "allow", True),
    ],
)
def test_a_model_is_used_by_another_version_only_if_nothing_but_the_last_number_differs(
    trained, installed, policy, usable
):
    assert is_usable(trained, installed, policy) is usable


def test_a_model_of_another_scikit_learn_is_refused_until_it_is_allowed(own_registry):
    uri = own_registry.mlflow_tracking_uri.get_secret_value()
    MlflowClient(tracking_uri=uri, registry_uri=uri).set_model_version_tag("spending", "1", "scikit_learn", "0.24.2")
    snapshot_of(own_registry, customers(9))
    with pytest.raises(PermanentError, match=r"trained with scikit-learn 0\.24\.2.*SCORING_OTHER_SCIKIT_LEARN=allow"):
        plan(own_registry, SPENDING, JUNE, run_id="test")
    allowed = own_registry.model_copy(update={"other_scikit_learn": "allow"})
    assert plan(allowed, SPENDING, JUNE, run_id="test").shards == [0]
