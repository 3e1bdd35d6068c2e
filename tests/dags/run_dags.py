"""Runs DAGs one after the other by ``dag.test()``; prints as JSON what became of each: ``run_dags.py [[ID, CONF]]``.

A task that waits for a person gets the answer in the environment variable ANSWER; see answering.py.
"""

import json
import logging
import os
import sys

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.settings import Session
from answering import answer_in_background
from sqlalchemy import select

bag = DagBag()
assert not bag.import_errors, bag.import_errors


class Messages(logging.Handler):
    """Keeps what is logged at a level and above."""

    def __init__(self, name, level):
        super().__init__(level)
        self.messages = []
        self.logger = logging.getLogger(name)

    def emit(self, record):
        self.messages.append(record.getMessage())

    def __enter__(self):
        self.logger.addHandler(self)
        return self.messages

    def __exit__(self, *_):
        self.logger.removeHandler(self)


def outcome(dag_id, conf):
    """State of the run, its task instances, its XComs and what its tasks warned of and failed with."""
    with Messages("scoring_airflow", logging.WARNING) as warnings, Messages("scoring", logging.ERROR) as failures:
        if "ANSWER" in os.environ:
            answer_in_background(dag_id, os.environ["ANSWER"])
        # No logical date: a run by hand has none, and one of today would be after the end of a bounded schedule.
        run = bag.dags[dag_id].test(logical_date=None, run_conf=conf)
    session = Session()
    state, run_id = run.state, run.run_id
    mine = {"dag_id": dag_id, "run_id": run_id}
    tasks = session.scalars(select(TaskInstance).filter_by(**mine).order_by("task_id", "map_index")).all()
    xcoms = session.scalars(select(XComModel).filter_by(**mine)).all()
    return {
        "state": state,
        "tasks": [[task.task_id, task.map_index, task.state, task.rendered_map_index] for task in tasks],
        "events": [
            [event.asset.name, event.partition_key]
            for event in session.scalars(select(AssetEvent).filter_by(source_dag_id=dag_id, source_run_id=run_id))
        ],
        "tries": {task.task_id: task.try_number for task in tasks},
        "xcoms": {f"{xcom.task_id}.{xcom.key}": XComModel.deserialize_value(xcom) for xcom in xcoms},
        "warnings": warnings,
        "failures": failures,
    }


sys.stdout.write("\n" + json.dumps([outcome(dag_id, conf) for dag_id, conf in json.loads(sys.argv[1])]))
