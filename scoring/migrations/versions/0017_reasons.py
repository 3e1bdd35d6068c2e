"""Reason codes: what pushed a customer's score, stored with its row if the definition asks for it."""

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0017_reasons_down.sql").read_text())
