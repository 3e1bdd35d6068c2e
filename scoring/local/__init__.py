"""The local platform: a PostgreSQL, an Airflow and a CRM stand-in of this checkout's own, all on 127.0.0.1."""
