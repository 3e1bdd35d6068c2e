-- Run by the PostgreSQL image on its first start.
CREATE DATABASE scoring;
CREATE DATABASE airflow;
CREATE DATABASE mlflow;
