"""Runs the migrations on one connection, under a lock: two starting processes must not both create tables."""

import alembic.context
import psycopg2
import sqlalchemy

url = alembic.context.config.attributes["url"]
engine = sqlalchemy.create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(url))
with engine.connect() as connection:
    alembic.context.configure(connection=connection, version_table="scoring_schema_version")
    with alembic.context.begin_transaction():
        connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(hashtext('scoring.migrate'))"))
        alembic.context.run_migrations()
engine.dispose()
