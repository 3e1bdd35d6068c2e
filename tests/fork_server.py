"""Python with the large libraries already imported; for each request it forks a process that runs what is asked.

An interpreter that imports Airflow, MLflow, Great Expectations and pandas needs more than ten seconds of a processor,
and then often less than one for the test. Arguments: the number of a socket that listens, and a file that each user
keeps locked: without users the server ends. See forks.py, which starts it and asks.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import tempfile
import threading
import traceback
import warnings
from pathlib import Path
from typing import Any

ALONE_SECONDS = 1.0  # how often the server looks whether anybody still needs it
HEADER = 8  # bytes that say how long a request is

# What children import anyway: Airflow with the parts that dag.test() and its API server load, and the libraries that
# the project imports where it needs them. Nothing of DAG files, plugins or definitions: those a child reads itself.
LIBRARIES = (
    "skops.io",  # first, because it asks all modules that are there for many names, which imports ever more
    "airflow.dag_processing.dagbag", "airflow.models.xcom", "airflow.api_fastapi.app",
    "airflow.api_fastapi.execution_api.app", "airflow.api_fastapi.core_api.app",
    "airflow.api_fastapi.core_api.routes.public", "airflow.api_fastapi.core_api.routes.ui",
    "airflow.jobs.scheduler_job_runner", "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner", "airflow.cli.cli_parser", "airflow.serialization.serialized_objects",
    "airflow.providers_manager", "airflow.providers.standard.operators.hitl", "fastapi.testclient", "pandas",
    "pyarrow.parquet", "pyarrow.csv", "sklearn.linear_model", "sklearn.pipeline", "sklearn.model_selection",
    "mlflow.sklearn", "great_expectations", "matplotlib.figure", "evidently", "apprise", "psycopg2.extras",
)  # fmt: skip
UNTOUCHED = ("scoring.definitions", "scoring.migrations", "scoring.__main__")


def import_all() -> None:
    """Import the libraries and all of ours except what a child chooses by its settings."""
    import scoring

    for name in LIBRARIES:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(scoring.__path__, "scoring."):
        if not module.name.startswith(UNTOUCHED):
            importlib.import_module(module.name)
    warm_up()


def warm_up() -> None:
    """Build what Airflow builds once a process: its model of the database and the API that dag.test() asks."""
    from airflow.sdk.execution_time import supervisor
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    supervisor.in_process_api_server().app._cadwyn_initialize()  # it would at the first request


def serve(number: str, users: str) -> None:
    """Answer requests until nobody is left; returns only in a child, with its request still to be done."""
    with socket.socket(fileno=int(number)) as listening:
        listening.settimeout(ALONE_SECONDS)
        import_all()
        gc.collect()
        gc.freeze()  # a child that collects garbage need not copy every page
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers end by themselves
        with Path(users).open("rb") as used:
            while True:
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    if is_alone(used):
                        return
                    continue
                with connection:
                    if os.fork() == 0:
                        connection.setblocking(True)
                        keep(connection)


def is_alone(used: Any) -> bool:
    """Whether nobody keeps the file locked."""
    try:
        fcntl.flock(used, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep(connection: socket.socket) -> None:
    """Fork the process that was asked for, say its number, wait for its end, say its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(connection, HEADER, 3)
    if not head:  # somebody looked whether the server is up
        os._exit(0)
    content = connection.makefile("rb").read(int.from_bytes(head, "big"))
    child = os.fork()
    if child == 0:
        connection.close()
        os._exit(run(json.loads(content), streams))
    for stream in streams:
        os.close(stream)
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def run(asked: dict[str, Any], streams: list[int]) -> int:
    """Do what ``python ARGUMENTS`` would do in that environment and directory; returns the exit code."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    paths = asked["environment"].get("PYTHONPATH", "").split(os.pathsep)
    os.chdir(asked["directory"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    tempfile.tempdir = None  # it is chosen anew
    sys.path[:0] = [str(Path(path).resolve()) for path in paths if path and path not in sys.path]
    if "AIRFLOW_HOME" in os.environ:
        from airflow import settings

        settings.configure_vars()  # this one has a database of its own
        settings.reconfigure_orm()
    code = 0
    try:
        execute(asked["arguments"])
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as an interpreter ends
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def execute(arguments: list[str]) -> None:
    """Run a script, ``-m MODULE`` or ``-c CODE``, perhaps after ``-W ignore``."""
    match arguments:
        case ["-W", "ignore", *others]:
            warnings.simplefilter("ignore")
            execute(others)
        case ["-c", code, *others]:
            sys.argv = ["-c", *others]
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
        case ["-m", module, *others]:
            sys.argv = [module, *others]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *others]:
            sys.argv = [script, *others]
            sys.path.insert(0, str(Path(script).parent))
            runpy.run_path(script, run_name="__main__")


if __name__ == "__main__" and os.fork() == 0:  # who started it does not wait for its end
    serve(*sys.argv[1:])
