"""Shows mistakes in the definitions among Airflow's *Import Errors*; has no DAG of its own.

**Why.** A mistake takes away the DAGs of the definition that it is in. All others run, so the mistake must be shown.

**When.** Whenever Airflow reads the DAG files, every few minutes.

**What it does.** Fails with file, line, definition, field and reason of the first ten mistakes, if there are any.

**Recover.** Correct the files; the error goes away and the DAGs come back by themselves.
"""

from scoring_airflow.connections import catalog

catalog().raise_problems()
