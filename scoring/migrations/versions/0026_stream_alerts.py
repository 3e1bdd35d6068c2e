"""People are told of a stream that nobody reads, and of dead letters that wait."""

from pathlib import Path

from alembic import op

revision = "0026"
down_revision = "0023"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0026_stream_alerts_down.sql").read_text())
