"""Whether the process of this container is well, for docker-compose.yaml: exit status 0 or 1, and a line that says why.

health.py http URL    it answers with 200
health.py job TYPE    Airflow's job of this host beats (SchedulerJob, DagProcessorJob, TriggererJob)
health.py worker      the Celery worker of this host answers
health.py beat FILE   the process that touches the file again and again has done so lately

`airflow jobs check` and `celery inspect ping` say the same, but import Airflow: three seconds of a core each time.
"""

import os
import socket
import sys
import time
from urllib.request import ProxyHandler, build_opener

SECONDS = 10
BEATS_SECONDS = 60  # a job beats every 5; Airflow takes it for dead after 30
STILL_SECONDS = 120  # a stream's worker beats every few seconds; a lock or a broker may hold it up for half a minute


def http(url: str) -> str:
    """Why a URL does not answer with 200; empty if it does."""
    with build_opener(ProxyHandler({})).open(url, timeout=SECONDS) as answer:
        return "" if answer.status == 200 else f"{url} answered {answer.status}"  # noqa: PLR2004


def job(kind: str) -> str:
    """Why Airflow's job of this kind is not alive on this host; empty if it is."""
    import psycopg2

    url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "", 1)
    connection = psycopg2.connect(url, connect_timeout=SECONDS)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM job WHERE job_type = %s AND hostname = %s AND state = 'running' "
                "AND latest_heartbeat > now() - %s * interval '1 second'",
                (kind, socket.gethostname(), BEATS_SECONDS),
            )
            ((beating,),) = cursor.fetchall()
    finally:
        connection.close()
    return "" if beating else f"no {kind} of {socket.gethostname()} has beaten for {BEATS_SECONDS} s"


def worker() -> str:
    """Why this host's Celery worker does not answer; empty if it does."""
    from celery import Celery

    name = os.environ.get("CELERY_NODE", f"celery@{socket.gethostname()}")
    app = Celery(broker=os.environ["AIRFLOW__CELERY__BROKER_URL"])
    return "" if app.control.inspect(destination=[name], timeout=5, limit=1).ping() else f"{name} does not answer"


def beat(file: str) -> str:
    """Why the process that touches a file does not go on; empty if it does."""
    seconds = time.time() - os.stat(file).st_mtime  # noqa: PTH116 - pathlib would be the largest import
    return f"{file} was not touched for {seconds:.0f} s" if seconds > STILL_SECONDS else ""


def main(check: str, *arguments: str) -> int:
    """Check, and print what is wrong; returns the exit status."""
    try:
        problem = {"http": http, "job": job, "worker": worker, "beat": beat}[check](*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not well
        problem = f"{type(error).__name__}: {error}"
    print(problem or "well")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
