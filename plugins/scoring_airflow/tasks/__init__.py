"""The bodies of the tasks: from Airflow's context to one call of the pipeline, and back to ids and counts.

The pipeline is imported when a task runs: reading a DAG file must not wait for pandas, MLflow and the like.
"""
