"""The schema of before comes up with its data, and can go back."""

import alembic.command
import alembic.config
from factories import query, state_of, value
from factories_maintain import LITTLE, NOW

from scoring.database import MIGRATIONS, migrate
from scoring.maintain.maintain import maintain


def test_data_of_before_come_up_and_retired_publications_go_back_as_dropped_ones(days):
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = days.database()
    before = state_of(days)
    alembic.command.downgrade(config, "0015")
    assert state_of(days) == before
    migrate(days.database())
    assert state_of(days) == before
    assert value(days, "SELECT bool_and(seen) FROM scoring.publication")
    maintain(days, LITTLE, NOW)
    alembic.command.downgrade(config, "0015")
    assert value(days, "SELECT count(*) FROM scoring.dropped_publication") == 12
    assert query(days, "SELECT DISTINCT state FROM scoring.publication") == [("published",)]
    migrate(days.database())
    assert value(days, "SELECT count(*) FROM scoring.publication WHERE seen") == 4
