"""What Airflow must know of the project beside its DAGs: the timetable of data sets without a schedule."""

from airflow.plugins_manager import AirflowPlugin
from scoring_airflow.schedules import ByHand


class ScoringPlugin(AirflowPlugin):
    """Every process of Airflow registers it when it starts."""

    name = "scoring"
    timetables = [ByHand]  # noqa: RUF012 - Airflow's interface
