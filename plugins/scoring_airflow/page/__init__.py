"""The page "Scoring" inside Airflow's UI: a FastAPI app that serves files and what scoring.page reads."""
