"""What really happened to customers: append-only, with the time at which each outcome was observed and recorded."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0008_outcomes_down.sql").read_text())
