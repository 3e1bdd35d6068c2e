"""What was left undone: found, woken or reported; and what is old: removed."""

import datetime as dt
import logging
from typing import Any

from airflow.sdk import get_current_context

from scoring.errors import PermanentError
from scoring_airflow.assets import publication_asset, snapshot_asset
from scoring_airflow.connections import catalog, task_settings
from scoring_airflow.faults import task_body

log = logging.getLogger(__name__)

TO_WAKE = "to_wake"  # the XCom with the partition keys by name of data set or score


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


@task_body
def maintain() -> dict[str, int]:
    """Remove what is old, or only say what, as the form says; returns how many things left and how many wait."""
    from scoring.maintain.maintain import maintain as remove_old
    from scoring.settings import load_keep_settings

    dry_run = bool(get_current_context()["params"]["dry_run"])
    done = remove_old(task_settings(), load_keep_settings(), dt.datetime.now(dt.UTC), dry_run=dry_run)
    for part in done.parts:
        for line in part.lines(dry_run=dry_run, all_of_it=True):
            log.info("%s", line)
    return {"removed": 0 if dry_run else done.removed, "waiting": done.waiting}


class NeedsPerson(PermanentError):
    """Something is left undone that only a person can resolve."""


def _undone() -> list[Any]:
    from scoring.reconcile.reconcile import reconcile

    return list(reconcile(task_settings(), dt.datetime.now(dt.UTC)))
