-- Run by the PostgreSQL image on its first start (psql). Each program has a role and a database of its own, and reaches
-- no other's; `monitor` reads statistics only.
\set ON_ERROR_STOP on
\getenv scoring SCORING_DB_PASSWORD
\getenv airflow AIRFLOW_DB_PASSWORD
\getenv mlflow MLFLOW_DB_PASSWORD
\getenv monitor MONITOR_DB_PASSWORD

CREATE ROLE scoring LOGIN PASSWORD :'scoring';
CREATE ROLE airflow LOGIN PASSWORD :'airflow';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow';
CREATE ROLE monitor LOGIN PASSWORD :'monitor' IN ROLE pg_monitor;

CREATE DATABASE scoring OWNER scoring;
CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE mlflow OWNER mlflow;

REVOKE CONNECT, TEMPORARY ON DATABASE scoring, airflow, mlflow FROM PUBLIC;

-- A function of ours sets it for the time of a deletion (migration 0008); a role that is no superuser needs leave to.
GRANT SET ON PARAMETER scoring.forgetting TO scoring;
