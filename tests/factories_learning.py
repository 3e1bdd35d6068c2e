"""A shop with mature cohorts to learn from, and looks at who is in charge."""

from factories_monitoring import MONTHS, month, shoppers, truth
from shop_definitions import LEAVING

from scoring.domain.learning import Learning, PromotionPolicy
from scoring.domain.monitoring import Monitoring, UpdatePolicy
from scoring.models import charge
from scoring.models.registry import Registry

ROWS = 600
T = MONTHS[3]  # by then the horizons of the first three cohorts have ended


def learning(score=LEAVING, *, segments=(), metric=None, promotion=None, **how):
    """The score with another way to learn; most bounds are wide, so that what is left decides."""
    policy = PromotionPolicy(**{"most_shift": 1.0, "most_band_changes": 1.0, "slower": 1000.0} | (promotion or {}))
    return score.model_copy(
        update={
            "learning": Learning(promotion=policy, **how),
            "monitoring": Monitoring(segments=segments, update=UpdatePolicy(metric=metric)),
        }
    )


def registry_of(settings):
    return Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)


def in_charge(settings, score=LEAVING):
    return charge.in_charge(settings.database(), registry_of(settings), score.model_name).version


def three_months(settings, score=LEAVING):
    for place, as_of in enumerate(MONTHS[:3]):
        rows = shoppers(ROWS, place)
        month(settings, as_of, rows=rows, later=truth(rows, place), score=score)
