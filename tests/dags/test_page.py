"""The page's app inside Airflow: who may see it, what a browser is told, and what is said when something is wrong."""

import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import factories_page
import psycopg2
import pytest
from forks import Forks
from waiting import PATIENCE

from scoring.reports.place import ReportsRoot

LAST = dt.date(2025, 12, 31)
HERE = Path(__file__).parent
VIEWER = "VIEWER"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def page_database(server: str) -> str:
    """URI of a database with forty days of five scores."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE page_in_airflow TEMPLATE template_scoring")
    connection.close()
    url = server.replace("/postgres?", "/page_in_airflow?")
    factories_page.fill(url, days=40, last=LAST)
    return url


@pytest.fixture(scope="session")
def ask(airflow: dict[str, str], forks: Forks, page_database: str, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Ask the page; variables replace those of an installation in good order."""
    environment = airflow | {
        "SCORING_DEFINITIONS": "page_definitions",
        "SCORING_HOME": str(tmp_path_factory.mktemp("home")),
        "AIRFLOW_CONN_SCORING_DB": page_database,
        "AIRFLOW__API_AUTH__JWT_SECRET": "for tests only, " * 4,
    }

    def send(*asked: dict[str, Any], **variables: str | None) -> dict[str, Any]:
        used = {name: value for name, value in (environment | variables).items() if value is not None}
        done = forks.run(["-W", "ignore", str(HERE / "ask_page.py"), json.dumps(asked)], used)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    return send


@pytest.fixture(scope="session")
def seen(ask: Ask) -> dict[str, dict[str, Any]]:
    """Answers to a viewer, by path."""
    paths = [
        "/scoring/", "/scoring/static/app.js", "/scoring/static/plotly.min.js", "/scoring/api/overview",
        "/scoring/api/scores/churn", "/scoring/api/scores/churn/trend?metric=brier&segment=region%3Dnorth",
        "/scoring/api/scores/churn/drift?against=previous", "/scoring/api/scores/churn/distribution",
        "/scoring/api/scores/churn/cohort?as_of=2025-12-01", "/scoring/api/scores/churn/partition?as_of=2025-12-30",
        "/scoring/api/scores/churn/reports", "/scoring/api/scores/nope", "/scoring/api/scores/churn/trend?metric=mae",
        "/scoring/api/scores/churn/trend?first=yesterday", "/scoring/api/scores/churn/drift?segment=moon%3Dfull",
        "/scoring/api/scores/churn/partition?as_of=1999-01-01", "/scoring/reports/churn/2025-12-31/drift",
        "/scoring/reports/churn/2025-12-31/secrets", "/scoring/static/..%2F..%2Fapp.py", "/scoring/static/nothing.js",
        "/scoring/docs", "/scoring/openapi.json",
    ]  # fmt: skip
    answers = ask(*({"path": path, "login": VIEWER} for path in paths))["answers"]
    return dict(zip(paths, answers, strict=True))


def test_without_a_login_every_route_is_refused_and_says_so_safely(ask: Ask) -> None:
    routes = ask()["routes"]
    assert len(routes) > 8
    assert all(route["guarded"] for route in routes), "a mount has no dependencies of the app"
    anonymous = [
        {"path": route["path"], "method": method, **other}
        for route in routes
        for method in route["methods"]
        for other in ({}, {"headers": {"Authorization": "Bearer made.up.token"}}, {"headers": {"Cookie": "_token=x"}})
    ]
    answers = ask(*anonymous)["answers"]
    for asked, answer in zip(anonymous, answers, strict=True):
        forged = "headers" in asked
        assert answer["status"] in ((401, 403) if forged else (401,)), asked
        assert "churn" not in answer["text"]
        assert_safe(answer)


def assert_safe(answer: dict[str, Any]) -> None:
    headers = answer["headers"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "cache-control" in headers


def test_a_viewer_sees_files_and_figures(seen: dict[str, dict[str, Any]]) -> None:
    for path in list(seen)[:11]:
        assert seen[path]["status"] == 200, (path, seen[path]["text"][:300])
        assert_safe(seen[path])


def test_nothing_may_come_from_elsewhere_and_no_script_may_stand_in_the_page(seen: dict[str, dict[str, Any]]) -> None:
    policy = seen["/scoring/"]["headers"]["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    page = seen["/scoring/"]["text"]
    assert "http" not in page.replace("http-equiv", "")
    assert 'src="/' not in page
    assert 'href="/' not in page


def test_figures_are_not_kept_by_the_browser_and_files_are_asked_for_again(seen: dict[str, dict[str, Any]]) -> None:
    assert seen["/scoring/api/overview"]["headers"]["cache-control"] == "no-store"
    assert seen["/scoring/static/app.js"]["headers"]["cache-control"] == "private, no-cache"
    assert seen["/scoring/static/plotly.min.js"]["headers"]["content-encoding"] == "gzip"


def test_files_of_the_version_that_the_page_names_are_kept_for_good_and_of_others_not_at_all(
    ask: Ask, seen: dict[str, dict[str, Any]]
) -> None:
    (version,) = set(re.findall('"static/([0-9a-f]{16})/', seen["/scoring/"]["text"]))
    ours, others = ask(*({"path": f"/scoring/static/{name}/app.js", "login": VIEWER} for name in (version, "0" * 16)))[
        "answers"
    ]
    assert ours["headers"]["cache-control"] == "private, max-age=31536000, immutable"
    assert others["headers"]["cache-control"] == "no-store"
    assert ours["text"] == others["text"] == seen["/scoring/static/app.js"]["text"]


def test_a_file_that_the_browser_has_is_not_sent_again(ask: Ask, seen: dict[str, dict[str, Any]]) -> None:
    etag = seen["/scoring/static/app.js"]["headers"]["etag"]
    (again,) = ask({"path": "/scoring/static/app.js", "login": VIEWER, "headers": {"If-None-Match": etag}})["answers"]
    assert (again["status"], again["text"]) == (304, "")


def test_answers_are_those_that_were_asked_for(seen: dict[str, dict[str, Any]]) -> None:
    overview = json.loads(seen["/scoring/api/overview"]["text"])
    assert [line["score"] for line in overview["scores"]] == ["churn", "fraud", "spend", "upsell", "visits"]
    assert overview["scores"][0]["published"]["as_of"] == "2025-12-31"
    (stream,) = overview["streams"]
    assert (stream["read"]["received"], stream["dead_letters"]["waiting"]) == (2000, 2)
    partition = json.loads(seen["/scoring/api/scores/churn/partition?as_of=2025-12-30"]["text"])
    assert partition["lineage"]["as_of"] == "2025-12-30"
    cohort = json.loads(seen["/scoring/api/scores/churn/cohort?as_of=2025-12-01"]["text"])
    assert cohort["evaluated"]["as_of"] == "2025-12-01"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/scoring/api/scores/nope", 404, "There is no score 'nope'; there are: churn"),
        ("/scoring/api/scores/churn/trend?metric=mae", 404, "churn has no metric 'mae'"),
        ("/scoring/api/scores/churn/trend?first=yesterday", 422, "first: Input should be a valid date"),
        ("/scoring/api/scores/churn/drift?segment=moon%3Dfull", 404, "churn has no segment 'moon=full'"),
        ("/scoring/api/scores/churn/partition?as_of=1999-01-01", 404, "Nothing of churn is published at 1999-01-01."),
        ("/scoring/reports/churn/2025-12-31/drift", 404, "There is no drift report of churn at 2025-12-31."),
        (
            "/scoring/reports/churn/2025-12-31/secrets",
            422,
            "kind: Input should be 'validation', 'drift' or 'performance'",
        ),
        ("/scoring/static/nothing.js", 404, "There is no file nothing.js."),
    ],
)
def test_what_is_not_there_is_named(seen: dict[str, dict[str, Any]], path: str, status: int, said: str) -> None:
    assert seen[path]["status"] == status
    assert said in seen[path]["text"]
    assert "Traceback" not in seen[path]["text"]


@pytest.mark.parametrize("path", ["/scoring/static/..%2F..%2Fapp.py", "/scoring/docs", "/scoring/openapi.json"])
def test_no_other_file_and_no_description_of_the_api_is_served(seen: dict[str, dict[str, Any]], path: str) -> None:
    assert seen[path]["status"] == 404


def test_a_report_is_served_in_a_sandbox(ask: Ask, tmp_path: Path) -> None:
    root = ReportsRoot(str(tmp_path))
    root.write(root.report("churn", LAST, "drift"), b"<html><script>1</script></html>")
    root.write(root.report("people", LAST, "validation"), b"<html>checked</html>")
    root.write(root.report("people", LAST - dt.timedelta(days=1), "validation"), b"<html></html>")
    kept, page, checked = ask(
        {"path": "/scoring/api/scores/churn/reports", "login": VIEWER},
        {"path": f"/scoring/reports/churn/{LAST}/drift", "login": VIEWER},
        {"path": f"/scoring/reports/churn/{LAST}/validation", "login": VIEWER},
        SCORING_REPORTS=str(tmp_path),
    )["answers"]
    assert json.loads(kept["text"]) == [
        {"as_of": "2025-12-31", "kind": "validation"},
        {"as_of": "2025-12-31", "kind": "drift"},
        {"as_of": "2025-12-30", "kind": "validation"},
    ]
    assert checked["text"] == "<html>checked</html>", "of the score's data set"
    assert page["text"] == "<html><script>1</script></html>"
    policy = page["headers"]["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy  # default-src 'none' holds
    assert_safe(page)


OVERVIEW = {"path": "/scoring/api/overview", "login": VIEWER}


@pytest.mark.parametrize(
    ("connection", "status", "said"),
    [
        ("postgresql://u:hidden@127.0.0.1:1/scoring", 503, "The database cannot be reached"),
        (None, 500, "No database is set. Remedy: Add the connection `scoring_db` (type Postgres)"),
        ("postgres", 500, "Remedy: Run `scoring migrate`"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_sentence_with_a_remedy(
    ask: Ask, server: str, connection: str | None, status: int, said: str
) -> None:
    used = server if connection == "postgres" else connection
    (answer,) = ask(OVERVIEW, AIRFLOW_CONN_SCORING_DB=used)["answers"]
    assert answer["status"] == status
    assert said in json.loads(answer["text"])["problem"]
    assert "Traceback" not in answer["text"]
    assert "hidden" not in answer["text"]
    assert_safe(answer)


def test_the_connection_may_stand_in_airflows_own_database(
    ask: Ask, airflow: dict[str, str], forks: Forks, page_database: str
) -> None:
    command = ["-m", "airflow", "connections"]
    for arguments in (["add", "scoring_db", "--conn-uri", page_database], None, ["delete", "scoring_db"]):
        if arguments is None:
            (answer,) = ask(OVERVIEW, AIRFLOW_CONN_SCORING_DB=None)["answers"]
        else:
            done = forks.run([*command, *arguments], airflow)
            assert done.returncode == 0, done.stderr
    assert answer["status"] == 200, answer["text"]
    assert json.loads(answer["text"])["scores"][0]["published"] is not None


def test_a_failure_that_nobody_foresaw_is_a_sentence_too(ask: Ask) -> None:
    asked = {"path": "/scoring/api/scores/churn/reports", "login": VIEWER}
    (answer,) = ask(asked, SCORING_REPORTS="unheard-of://bucket")["answers"]
    assert answer["status"] == 500
    assert json.loads(answer["text"])["problem"].startswith("This page failed, not your data")
    assert "unheard-of" not in answer["text"]
    assert_safe(answer)


def test_only_the_api_server_imports_the_page(airflow: dict[str, str]) -> None:
    said = run("import sys, scoring_plugin; print('scoring_airflow.page.app' in sys.modules)", airflow)
    assert said[-1] == "False", "each task would wait until FastAPI is imported"


CROWD = """
from contextlib import ExitStack
from scoring.errors import TransientError
from scoring_airflow.page.database import MOST, database
with ExitStack() as crowd:
    for _ in range(MOST):
        crowd.enter_context(database())
    try:
        with database(patience=0.01):
            print("one more")
    except TransientError as error:
        print(error)
with database():
    print("room again")
"""


def test_more_readers_than_there_is_room_for_are_sent_away_at_once(airflow: dict[str, str], page_database: str) -> None:
    said = run(CROWD, airflow | {"AIRFLOW_CONN_SCORING_DB": page_database})
    assert said[-2:] == [
        "Too many people load this page at the same time. Remedy: Load it again in a moment.", "room again",
    ]  # fmt: skip


EDITED = """
from pathlib import Path
from scoring_airflow.page.definitions import current_catalog
shop = Path("{folder}") / "edited_definitions" / "shop.py"
print(list(current_catalog().data_sets), current_catalog() is current_catalog())
shop.write_text(shop.read_text().replace('"shop"', '"store"'))
print(list(current_catalog().data_sets))
(shop.parent / "more.py").write_text(shop.read_text().replace('"store"', '"market"'))
print(sorted(current_catalog().data_sets))
shop.write_text("DataSet(")
print(list(current_catalog().data_sets), len(current_catalog().problems))
"""

SHOP = """
from scoring.domain.dataset import Column, CsvSource, DataSet
SHOP = DataSet(name="shop", title="Shop", key="id", columns=(Column(name="id", type="text"),),
               source=CsvSource(path="shop.csv"))
"""


def test_a_definition_that_is_edited_is_shown_without_a_restart(airflow: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "edited_definitions").mkdir()
    (tmp_path / "edited_definitions" / "__init__.py").touch()
    (tmp_path / "edited_definitions" / "shop.py").write_text(SHOP)
    environment = airflow | {
        "SCORING_DEFINITIONS": "edited_definitions",
        "PYTHONPATH": f"{tmp_path}:{airflow['PYTHONPATH']}",
    }
    said = run(EDITED.format(folder=tmp_path), environment)
    assert said[-4:] == ["['shop'] True", "['store']", "['market', 'store']", "['market'] 1"]


def run(script: str, environment: dict[str, str]) -> list[str]:
    """The lines that a script prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()
