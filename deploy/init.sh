#!/bin/sh
# Prepares what the other services need; every step can be repeated, so an upgrade runs it again.
set -eu
python deploy/bucket.py
python -m scoring migrate
airflow db migrate
airflow pools set notify 2 'Requests to the CRM'
# An account that exists stays as it is, with the password that was changed in Airflow.
airflow users create --role Admin --username "$AIRFLOW_ADMIN_USER" --password "$AIRFLOW_ADMIN_PASSWORD" \
    --email "$AIRFLOW_ADMIN_EMAIL" --firstname Scoring --lastname Administrator
