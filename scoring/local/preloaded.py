"""Runs a module in a process that has already imported what tasks need, so that its forks start at once.

``python -m scoring.local.preloaded airflow scheduler``: otherwise each task takes several seconds to import MLflow,
Great Expectations, Evidently and scikit-learn. Only libraries are listed, so that every task reads our own code again.
"""

import importlib
import runpy
import sys

LIBRARIES = (
    "airflow.sdk.execution_time.task_runner",
    "evidently.presets",
    "great_expectations",
    "mlflow.sklearn",
    "mlflow.store.tracking.sqlalchemy_store",
    "pandas",
    "pyarrow.csv",
    "pyarrow.parquet",
    "sklearn.ensemble",
    "scipy.stats",
    "skops.io",
)


def main() -> None:
    """Import the libraries, then run the module that the first argument names."""
    for name in LIBRARIES:
        importlib.import_module(name)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
