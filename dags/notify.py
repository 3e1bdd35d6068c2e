"""Tells the CRM, and whoever else has an endpoint, whose score changed.

**Why.** The CRM acts on changes, not on tables. Publishing writes the changes as events; here they are delivered.

**When.** `notify_crm` after each publication of any score; `sweep_crm` every five minutes: it delivers what a lost
wake-up left behind and what is due for another try.

**What it does.** Packs the waiting events into signed requests and sends them until nothing is due. Every try is
recorded. A failed request is due again after seconds, then minutes, then hours; nothing is dropped. A body that the CRM
refuses is split until the one event that it cannot take is alone. Runs at the same time share the work. Each endpoint
for which anything waits has a task of its own, and none waits for another: the CRM's `crm_webhook`, and topics of Kafka
(docs/kafka.md).

**Needs.** The connections `scoring_db` and `crm_webhook` (host: the endpoint's URL; password: the signing secret). For
topics, SCORING_KAFKA_SERVERS and _OPTIONS, or a connection with the endpoint's name.
A pool of its own is better, so that a slow CRM keeps no other task waiting:
`airflow pools set notify 2 "Requests to the CRM"`, then `SCORING_NOTIFY_POOL=notify`. Without the variable the tasks
run in the default pool; if the named pool does not exist, they never run.

**By hand.** *Trigger*; there is nothing to choose.

**Recover.** The sweep continues by itself when the CRM is back. A run that gives requests up fails (with
`SCORING_ON_DEAD_DELIVERIES=warn` it only warns): `scoring delivery list --state dead`, then `scoring delivery replay`,
both with `--endpoint` for another than the CRM's. After a 410 Gone, runs fail while anything waits: `scoring endpoint
enable`.
"""

import datetime as dt

from airflow.sdk import DAG, AssetAny, CronTriggerTimetable, PartitionedAssetTimetable, task
from scoring_airflow.assets import publication_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.tasks import telling

from scoring.domain.dag_ids import NOTIFY, SWEEP
from scoring.settings import load_settings


@task
def waiting() -> list[str]:
    """The names of the endpoints for which anything waits."""
    return telling.waiting()


@task(
    execution_timeout=dt.timedelta(hours=1),
    pool=load_settings().notify_pool,
    map_index_template="{{ task.op_kwargs['endpoint'] }}",
)
def notify(endpoint: str) -> dict[str, int]:
    """Deliver to one endpoint until nothing is due; returns counts of requests and events."""
    return telling.notify(endpoint)


DAGS = {
    NOTIFY: (
        "Notify · CRM",
        "After a publication: delivers score changes to the CRM.",
        PartitionedAssetTimetable(assets=AssetAny(*map(publication_asset, catalog().scores.values()))),
    ),
    SWEEP: (
        "Notify · CRM sweep",
        "Every five minutes: delivers what is due for another try or was left behind.",
        CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    ),
}

for dag_id, (title, description, schedule) in DAGS.items():
    with DAG(
        dag_id=dag_id,
        dag_display_name=title,
        description=description,
        doc_md=__doc__,
        schedule=schedule,
        start_date=START,
        catchup=False,
        max_active_runs=2,
        default_args=default_args("scoring"),
        tags=["notify", "crm"],
    ):
        notify.expand(endpoint=waiting())
