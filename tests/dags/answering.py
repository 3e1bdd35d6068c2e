"""Answers a task that waits for a person: by the function of Airflow's own API, or as its scheduler does too late."""

import logging
import threading
import time
from types import SimpleNamespace

from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.taskinstance import TaskInstance
from airflow.settings import Session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select

TOO_LATE = "too late"
ANN = SimpleNamespace(get_id=lambda: "7", get_name=lambda: "ann")
POLL_SECONDS = 0.2


def answer_in_background(dag_id: str, answer: str) -> threading.Thread:
    """Wait until a task of a DAG waits for a person, then ``Approve``, ``Reject``, or let the time pass (TOO_LATE)."""
    thread = threading.Thread(target=_answer, args=(dag_id, answer), daemon=True)
    thread.start()
    return thread


def _answer(dag_id: str, answer: str) -> None:
    waiting = select(TaskInstance).filter_by(dag_id=dag_id, state=TaskInstanceState.AWAITING_INPUT)
    answered = False
    while not answered:
        time.sleep(POLL_SECONDS)
        with Session() as session:
            found = session.scalars(waiting).first()
            if found is None:
                continue
            if answer == TOO_LATE:
                scheduler = SimpleNamespace(log=logging.getLogger(__name__))
                SchedulerJobRunner.check_awaiting_input_timeouts(scheduler, session=session)
                answered = session.scalars(waiting).first() is None
            else:
                payload = UpdateHITLDetailPayload(chosen_options=[answer])
                update_hitl_detail(found.dag_id, found.run_id, found.task_id, payload, ANN, session)
                answered = True
            session.commit()
