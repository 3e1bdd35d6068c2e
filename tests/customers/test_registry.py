"""Whatever holds persons is a place: a table that is new must be one, too."""

from factories import query

from scoring.customers.registry import PLACES
from scoring.customers.tables import Blanked, Rows
from scoring.customers.texts import STRUCTURED, WITHOUT_TEXT, columns_of
from scoring.database import transaction

# Tables with a customer, each with what erases it; of those that are no `Rows` or `Blanked`, who does it.
OTHERS = {
    "score": "scores",
    "shadow_score": "scores",
    "delivery": "deliveries",
    "breach": "quarantine",
    "outbox": "events",
    "api_request": "API requests",
}

COLUMNS = """
    SELECT c.table_name, c.column_name, c.udt_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'scoring' AND t.table_type = 'BASE TABLE'"""


def test_a_table_with_a_customer_is_a_place(settings):
    tables = {place.table for place in PLACES if isinstance(place, Rows | Blanked)}
    held = {row.table_name for row in query(settings, COLUMNS) if row.column_name in ("customer_id", "content", "body")}
    assert held <= tables | OTHERS.keys(), "say in scoring/customers/registry.py how a person is erased there"
    assert set(OTHERS.values()) <= {place.name for place in PLACES}


def test_every_other_text_is_searched(settings):
    with transaction(settings.database()) as connection:
        searched = columns_of(connection)
    texts = {row.table_name for row in query(settings, COLUMNS) if row.udt_name in ("text", "json", "jsonb", "_text")}
    assert texts == searched.keys() | {table for table in STRUCTURED | WITHOUT_TEXT if table in texts}
    assert not searched.keys() & (STRUCTURED | WITHOUT_TEXT)


def test_the_rows_of_a_table_that_is_not_searched_are_erased_by_a_place():
    tables = {place.table for place in PLACES if isinstance(place, Rows | Blanked)}
    assert tables | OTHERS.keys() >= STRUCTURED
