"""Prints as JSON what Airflow makes of the DAG files in its DAGs folder."""

import json
import sys

from airflow.dag_processing.dagbag import DagBag
from airflow.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization


def as_list(value):
    """A mapped task keeps a single callback as it was given."""
    return value if isinstance(value, (list, tuple)) else [value]


def refusal(dag, conf):
    """Why Airflow would not start a run with this conf; nothing if it would."""
    try:
        dag.params.deep_merge(conf).validate()
    except ParamValidationError as error:
        return str(error).splitlines()[0]
    return ""


def shown(dag):
    """What the UI shows of a DAG, and which of the dates that its form may send are refused."""
    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    return {
        "schedule": stored.timetable.summary,
        "explained": stored.timetable.description,
        "logical_date": not stored.timetable.partitioned,  # the form shows a field for it
        "form": [[name, stored.params.get_param(name).dump()] for name in stored.params],
        "refused": {
            as_of: refusal(stored, {"as_of": as_of} if as_of else {}) for as_of in ("", "2005-06-30", "2005-06-31", "x")
        },
    }


bag = DagBag()
found = {
    "import_errors": bag.import_errors,
    "dags": {
        dag.dag_id: {
            "title": dag.dag_display_name,
            "description": dag.description,
            "doc": dag.doc_md,
            "tags": sorted(dag.tags),
            "timetable": type(dag.timetable).__name__,
            "start": str(dag.start_date),
            "end": str(dag.end_date),
            "catchup": dag.catchup,
            "params": {
                name: param.schema | {"description": param.description}
                for name, param in ((name, dag.params.get_param(name)) for name in dag.params)
            },
            "tasks": {
                task.task_id: {
                    "owner": task.owner,
                    "retries": task.retries,
                    "rules": [rule.serialize() for rule in task.retry_policy.rules] if task.retry_policy else None,
                    "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
                    "callbacks": [callback.__name__ for callback in as_list(task.on_failure_callback)],
                    "outlets": [asset.name for asset in task.outlets],
                    "trigger_rule": str(task.trigger_rule.value),
                    "upstream": sorted(task.upstream_task_ids),
                }
                for task in dag.tasks
            },
            "shown": shown(dag),
        }
        for dag in bag.dags.values()
    },
}
sys.stdout.write("\n" + json.dumps(found))
