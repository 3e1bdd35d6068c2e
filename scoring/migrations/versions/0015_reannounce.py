"""Which model an announcement was last compared with, and lanes: events that an endpoint gets at a limited pace."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0015_reannounce_down.sql").read_text())
