"""The bodies of the tasks: from Airflow's context to one call of the pipeline, and back to ids and counts.

The pipeline is imported when a task runs: reading a DAG file must not wait for pandas, MLflow and the like.
"""

import dataclasses
import datetime as dt
import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

from scoring.domain.calendar import require_plausible
from scoring.errors import NothingDelivered, PermanentError
from scoring_airflow.assets import outcomes_asset, publication_asset, snapshot_asset
from scoring_airflow.connections import catalog, channel_settings, crm_settings, task_settings
from scoring_airflow.faults import task_body
from scoring_airflow.partitions import given_date, partition

if TYPE_CHECKING:
    from scoring.publishing.decisions import Decision

log = logging.getLogger(__name__)

SINGLE_CORRECTION = ("as_of", "customer", "value", "reason")  # the fields of the form that correct one customer

TO_WAKE = "to_wake"  # the XCom with the partition keys by name of data set or score


@task_body
def ingest(data_set: str) -> dict[str, int]:
    """Take one partition in and wake the scores of the data set."""
    from scoring.intake.ingest import ingest as take_in

    context, definition = get_current_context(), catalog().data_set(data_set)
    as_of = partition(context)
    require_plausible(
        as_of,
        today=dt.datetime.now(dt.UTC).date(),
        first=definition.first_as_of,
        last=definition.last_as_of,
        confirmed=bool(context["params"].get("confirm_date")),
    )
    intake = take_in(task_settings(), definition, as_of, path=context["params"].get("path") or None)
    context["outlet_events"][snapshot_asset(definition)].add_partitions(as_of.isoformat())
    return counts(intake)


@task_body
def plan(score: str) -> list[int]:
    """Open the publication of a score."""
    from scoring.publishing.plan import plan as open_publication

    context = get_current_context()
    opened = open_publication(
        task_settings(), catalog().score(score), partition(context), run_id=context["dag_run"].run_id
    )
    context["ti"].xcom_push(key="publication_id", value=opened.publication_id)
    return list(opened.shards)


@task_body
def score_shard(publication_id: int, shard: int) -> int:
    """Score one shard."""
    from scoring.publishing.predict import score_shard as predict

    return predict(task_settings(), publication_id, shard)


@task_body
def publish(score: str, publication_id: int) -> dict[str, int]:
    """Make a publication visible and wake the notifier."""
    from scoring.publishing.publish import publish as make_visible

    context, definition = get_current_context(), catalog().score(score)
    published = make_visible(task_settings(), publication_id)
    if published.warning:
        log.warning("%s", published.warning)
    context["outlet_events"][publication_asset(definition)].add_partitions(partition(context).isoformat())
    return counts(published)


@task_body
def notify() -> dict[str, int]:
    """Deliver to the CRM until nothing is due; deliveries that were given up fail the task, or are warned of."""
    from scoring.delivery.adapters.webhook import Webhook
    from scoring.delivery.notified import complaint, given_up
    from scoring.delivery.notify import notify as deliver

    settings, crm = task_settings(), crm_settings()
    done = deliver(settings.database(), Webhook(crm.url, crm.secret))
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
def due_cohorts(score: str) -> list[str]:
    """The cohorts of a score whose outcomes are to be collected: the one chosen in the form, or all that are due."""
    from scoring.outcomes.schedule import due

    context, today = get_current_context(), dt.datetime.now(dt.UTC).date()
    chosen = given_date(context, "cohort")
    if chosen is not None:
        return [chosen.isoformat()]
    wake = dt.date.fromisoformat(context["dag_run"].partition_key or today.isoformat())
    return [as_of.isoformat() for as_of in due(task_settings(), catalog().score(score), wake, today=today)]


@task_body
def collect_outcomes(score: str, as_of: str) -> dict[str, int]:
    """Collect the outcomes of one cohort and wake who looks at them."""
    from scoring.outcomes.collect import collect

    context, definition = get_current_context(), catalog().score(score)
    collected = collect(task_settings(), definition, dt.date.fromisoformat(as_of))
    _warn_of_refused(collected)
    context["outlet_events"][outcomes_asset(definition)].add_partitions(as_of)
    return counts(collected)


@task_body
def correct_outcomes(score: str) -> dict[str, int]:
    """Record the corrections of the form, if they are about this score, and wake who looks at its outcomes."""
    from scoring.outcomes.correct import correct, correct_file

    context, definition = get_current_context(), catalog().score(score)
    form, author = context["params"], _author(context)
    given = [name for name in SINGLE_CORRECTION if form.get(name)]
    if path := form.get("path"):
        if given:
            raise PermanentError(f"The form names a file and also {', '.join(given)}.", remedy="trigger it with one.")
        corrected = correct_file(task_settings(), definition, path, author=author)
        _warn_of_refused(corrected)
        as_ofs, told = list(corrected.as_ofs), counts(corrected)
    elif len(given) < len(SINGLE_CORRECTION):
        missing = ", ".join(name for name in SINGLE_CORRECTION if name not in given)
        raise PermanentError(f"The form lacks {missing}.", remedy="trigger it again with all of them, or with a file.")
    else:
        as_ofs = [dt.date.fromisoformat(form["as_of"])]
        said = {"written": form["value"], "author": author, "reason": form["reason"]}
        done = correct(task_settings(), definition, as_ofs[0], form["customer"], **said)
        told = {"recorded": int(not done.found)}
    context["outlet_events"][outcomes_asset(definition)].add_partitions([as_of.isoformat() for as_of in as_ofs])
    return told


@task_body
def corrected_score(scores: list[str]) -> str:
    """The task of the DAG that corrects: the one of the score that the form names."""
    chosen = get_current_context()["params"]["score"]
    if chosen not in scores:
        raise PermanentError(f"There is no score {chosen!r} here; there are: {', '.join(scores)}.")
    return correct_task(chosen)


def correct_task(score: str) -> str:
    """The task of the DAG ``correct_outcomes_<data set>`` that corrects a score."""
    return f"correct_{score}"


def _author(context: Any) -> str:
    """Who corrects: as the form says, else who triggered the run."""
    return str(context["params"].get("author") or context["dag_run"].triggering_user_name or "")


def _warn_of_refused(collected: Any) -> None:
    if collected.quarantined and not collected.found:
        log.warning(
            "%d of %d rows are in quarantine; `scoring outcome refused %d` shows why.",
            collected.quarantined,
            collected.received,
            collected.batch_id,
        )


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
    params, run = context["params"], context["dag_run"]
    wanted: Decision = "confirmed" if params["decision"] == "confirm" else "rejected"
    by = params["by"] or run.triggering_user_name or ""
    score = catalog().score(params["score"] or "")
    decided = decide(task_settings(), score, partition(context), wanted, by=by, reason=params["reason"] or "")
    if decided.again:
        log.warning("It was %s before, by %s.", wanted, decided.decided_by)
    return counts(decided)


@task_body
def find_undone() -> list[str]:
    """Log what is left undone and leave the partitions to wake; returns the ids of the tasks that follow."""
    from scoring.reconcile.findings import to_wake
    from scoring.reconcile.reconcile import tell

    found = _undone()
    for finding in found:
        log.warning("%s", finding)
    tell(task_settings(), found)
    partitions = {**to_wake(found, "data_set"), **to_wake(found, "score")}
    keys = {name: [as_of.isoformat() for as_of in as_ofs] for name, as_ofs in partitions.items()}
    get_current_context()["ti"].xcom_push(key=TO_WAKE, value=keys)
    return [*map(wake_task, keys), "report"]


def wake_task(name: str) -> str:
    """The task of the DAG ``reconcile`` that wakes a data set or a score."""
    return f"wake_{name}"


@task_body
def wake(name: str) -> int:
    """Emit the events that were found missing for one data set or score."""
    context = get_current_context()
    keys = context["ti"].xcom_pull(task_ids="find", key=TO_WAKE)[name]
    known = catalog()
    asset = snapshot_asset(known.data_set(name)) if name in known.data_sets else publication_asset(known.score(name))
    context["outlet_events"][asset].add_partitions(keys)
    return len(keys)


@task_body
def report_undone() -> int:
    """Raise what needs a person; returns how many findings will resolve themselves."""
    found = _undone()
    asking = [str(finding) for finding in found if finding.needs_person]
    if asking:
        raise NeedsPerson(f"{len(asking)} findings need a person:\n" + "\n".join(asking))
    return len(found)


class NeedsPerson(PermanentError):
    """Something is left undone that only a person can resolve."""


def _undone() -> list[Any]:
    from scoring.reconcile.reconcile import reconcile

    return list(reconcile(task_settings(), dt.datetime.now(dt.UTC)))


def counts(result: Any) -> dict[str, int]:
    """The ids, counts and flags of a result: what may travel by XCom."""
    return {name: int(value) for name, value in dataclasses.asdict(result).items() if isinstance(value, int)}
