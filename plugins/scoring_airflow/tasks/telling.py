"""Who is told: the CRM and other endpoints, people by their channels; and what a person decides about what is held."""

import logging
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context

from scoring.errors import NothingDelivered
from scoring_airflow.connections import catalog, channel_settings, crm_settings, kafka_settings, task_settings
from scoring_airflow.faults import task_body
from scoring_airflow.forms import person
from scoring_airflow.partitions import partition
from scoring_airflow.tasks.result import counts

if TYPE_CHECKING:
    from scoring.publishing.decisions import Decision

log = logging.getLogger(__name__)


@task_body
def waiting() -> list[str]:
    """The endpoints for which anything waits."""
    from scoring.database import transaction
    from scoring.delivery import endpoints

    with transaction(task_settings().database()) as connection:
        return endpoints.with_work(connection)


@task_body
def notify(endpoint: str) -> dict[str, int]:
    """Deliver to an endpoint until nothing is due; deliveries that were given up fail the task, or are warned of."""
    from scoring.delivery.everyone import tell
    from scoring.delivery.notified import complaint, given_up
    from scoring.delivery.reach import adapter_of

    settings = task_settings()
    done = tell(settings.database(), endpoint, lambda known: adapter_of(known, crm=crm_settings, kafka=kafka_settings))
    if done.held_because:
        log.warning("%s", done.held_because)
    if done.dead and settings.on_dead_deliveries == "warn":
        log.warning("%s", given_up(done))
    problem = complaint(done, settings.on_dead_deliveries)
    if isinstance(problem, NothingDelivered):  # the sweep tries again by the schedule, for days
        problem.read_in_airflow = True
        log.warning("%s", problem)
    elif problem is not None:
        raise problem
    return counts(done)


@task_body
def tell_people() -> dict[str, int]:
    """Tell people what is due; alerts that were given up fail the task."""
    from scoring.delivery.people.channels import Channels
    from scoring.delivery.people.tell import complaint, tell

    settings = task_settings()
    told = tell(settings.database(), Channels(channel_settings().channels, settings.home))
    if told.failed:
        log.warning("%s messages were not sent; the last failure was: %s", told.failed, told.last_failure)
    if problem := complaint(told):
        raise problem
    return counts(told)


@task_body
def decide_publication() -> dict[str, int]:
    """Confirm or reject what is held, as the form says; returns the publication's id and the number of events."""
    from scoring.publishing.holding import decide

    context = get_current_context()
    params = context["params"]
    wanted: Decision = "confirmed" if params["decision"] == "confirm" else "rejected"
    score = catalog().score(params["score"] or "")
    decided = decide(
        task_settings(), score, partition(context), wanted, by=person(context), reason=params["reason"] or ""
    )
    if decided.again:
        log.warning("It was %s before, by %s.", wanted, decided.decided_by)
    return counts(decided)
