"""Which model version is in charge of a score, since when, by whom and why; gate verdicts that decided it."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_name("0012_promotion_down.sql").read_text())
