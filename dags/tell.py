"""Tells people what matters: alerts and digests, to the channels of their owners.

**Why.** The CRM is told by webhooks; users and administrators are told here: a partition was stopped, a task failed for
good, a score is late, the customers have changed, a publication is held or was published. docs/people.md lists it all.

**When.** Every five minutes. Without anything to tell, two short queries.

**What it does.** Every fact was noted by the transaction that made it true, so a crash loses none. Here each becomes a
message for every channel of its owner. A try takes half a minute at most. A channel that fails is tried again by the
schedule of deliveries (seconds, minutes, hours, up to three days), and the others do not wait for it. A message may
come twice, then with the same reference (`alert-17`).

**Needs.** The connection `scoring_db`, and `alert_channels`: its password is a JSON object of owners and lists of
[Apprise URLs](https://github.com/caronc/apprise), `{"risk": ["mailtos://..."], "default": ["slack://..."]}`. Without it
messages go to the task's log and to `alerts.jsonl` under `SCORING_HOME`.

**By hand.** *Trigger*; there is nothing to choose. `scoring alert send` does the same.

**Recover.** A run that gives a message up fails and says why. Mend the channel, then `scoring alert replay`.
"""

import datetime as dt

from airflow.sdk import DAG, CronTriggerTimetable, task
from scoring_airflow.defaults import START, default_args
from scoring_airflow.tasks import telling

from scoring.domain.dag_ids import TELL


@task(execution_timeout=dt.timedelta(minutes=30))
def tell() -> dict[str, int]:
    """Tell people what is due; returns counts of messages."""
    return telling.tell_people()


with DAG(
    dag_id=TELL,
    dag_display_name="Tell people",
    description="Every five minutes: alerts and digests go to the channels of their owners.",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("3-59/5 * * * *", timezone="UTC"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=default_args("scoring"),
    tags=["alerts"],
):
    tell()
