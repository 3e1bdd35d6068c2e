"""Tables in, metrics for Prometheus out: what PostgreSQL holds now and what Airflow sends, by HTTP; it only reads."""
