"""The ledger answers for any time, and nothing but a row of it moves MLflow's alias."""

import ast
import datetime as dt
import itertools

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from scoring.database import execute, transaction
from scoring.models import ledger
from scoring.settings import PROJECT

BEGAN = dt.datetime(2024, 2, 29, tzinfo=dt.UTC)
INSTANT = dt.timedelta(microseconds=1)
YEAR = dt.timedelta(days=400)
_number = itertools.count()

histories = st.lists(st.tuples(st.integers(1, 4), st.timedeltas(INSTANT, YEAR), st.booleans()), max_size=8)


def history_of(steps):
    """Times, versions and whether they are of the model that is asked about (else of another), the oldest first."""
    moments = itertools.accumulate((gap for _, gap, _ in steps), initial=BEGAN)
    return [(moment, version, ours) for moment, (version, _, ours) in zip(moments, steps, strict=False)]


def walked(history, moment):
    """The version in charge at a time, by going through the history."""
    found = None
    for since, version, ours in history:
        if ours and since <= moment:
            found = version
    return found


@example(steps=[(1, INSTANT, True), (2, INSTANT, False), (2, INSTANT, True), (1, INSTANT, True)], asked=[])
@given(steps=histories, asked=st.lists(st.timedeltas(-YEAR, 8 * YEAR), max_size=4))
@examples(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_who_was_in_charge_at_any_time_is_what_a_walk_through_the_history_finds(database_url, steps, asked):
    history, model = history_of(steps), f"model {next(_number)}"
    near = [since + shift for since, _, _ in history for shift in (-INSTANT, INSTANT * 0, INSTANT)]
    with transaction(database_url) as connection:
        for since, version, ours in history:
            execute(
                connection,
                "INSERT INTO scoring.promotion (model_name, model_version, model_digest, how, promoted_by, reason, "
                "promoted_at) VALUES (%s, %s, repeat('0', 64), 'person', 'ann', 'why', %s)",
                (model if ours else f"another {model}", version, since),
            )
        for moment in [*near, *(BEGAN + one for one in asked)]:
            assert ledger.in_charge_at(connection, model, moment) == walked(history, moment), moment


MOVES = {"set_registered_model_alias", "delete_registered_model_alias", "move_alias", "registered-models/alias"}
ROWS = {"Promotion"}  # what moves the alias must come from the database, never be made up


def moves(source):
    """The expressions by which a source moves an alias, or makes up the row that may: called, passed on or named."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in MOVES:
            yield ast.unparse(node)
        elif isinstance(node, ast.Name) and node.id in MOVES:
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and any(one in node.value for one in MOVES):
            yield node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ROWS:
            yield ast.unparse(node.func)


def product():
    """Path and text of each of the product's modules."""
    for folder in ("scoring", "plugins", "dags"):
        for file in sorted((PROJECT / folder).rglob("*.py")):
            yield str(file.relative_to(PROJECT)), file.read_text()


@pytest.mark.parametrize(
    "source",
    [
        "client.set_registered_model_alias(name, 'champion', '2')",
        "partial(client.set_registered_model_alias, name)",
        "getattr(client, 'set_registered_model_alias')(name, 'champion', '2')",
        "client.delete_registered_model_alias(name, 'champion')",
        "requests.post(f'{server}/api/2.0/mlflow/registered-models/alias', json=moved)",
        "registry.move_alias(row)",
        "each(move_alias)",
        "Promotion(1, name, 2, digest, None, 'person', 'ann', 'why', None, now)",
        "ledger.Promotion(1, name, 2, digest, None, 'person', 'ann', 'why', None, now)",
    ],
)
def test_another_way_to_move_the_alias_would_be_seen(source):
    assert list(moves(source))


def test_only_a_row_of_the_ledger_moves_the_alias():
    """One line of the product sets an alias; it takes a row, and one function calls it, with the newest row."""
    assert [(file, move) for file, text in product() for move in moves(text)] == [
        ("scoring/models/charge.py", "registry.move_alias"),
        ("scoring/models/registry.py", "self._client.set_registered_model_alias"),
    ]


def test_only_the_ledger_writes_its_rows():
    assert [file for file, text in product() if "INTO scoring.promotion " in text] == ["scoring/models/ledger.py"]
