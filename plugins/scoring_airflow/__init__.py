"""What the DAGs share: settings from Airflow's connections, assets, partitions, defaults and what to do on failure."""
