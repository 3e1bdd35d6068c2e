"""The local platform: this checkout's own PostgreSQL, Airflow and CRM stand-in, all on this machine only."""
