"""The page in a real browser, inside a real Airflow: a year of five scores, in light and dark, also by keyboard."""

import datetime as dt
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import factories_page
import psutil
import psycopg2
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from waiting import PATIENCE

from scoring.reports.place import ReportsRoot

sync_api = pytest.importorskip("playwright.sync_api")

BROWSER = shutil.which("chromium")
# Without a display, as root, and without asking anybody outside for updates.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LAPTOP = {"width": 1366, "height": 768}
GROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 19)"}
TODAY = dt.datetime.now(dt.UTC).date()
IN_BOTH_THEMES = pytest.mark.parametrize("seen", ["light", "dark"], indirect=True)
REPORT = b"""<html><body><p id="said">no script</p><script>
try { document.cookie; said.textContent = "reads cookies"; } catch { said.textContent = "runs, and has no origin"; }
</script></body></html>"""

if BROWSER is None:
    if os.environ.get("CI"):
        pytest.fail("CI must have Chromium: apt-get install chromium", pytrace=False)
    pytest.skip("there is no Chromium; Debian's package is `chromium`", allow_module_level=True)


@dataclass
class Seen:
    """What the browser did."""

    page: sync_api.Page
    base: str
    theme: str
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def frame(self) -> sync_api.Frame:
        """The page of ours, in Airflow's frame."""
        return next(frame for frame in self.page.frames if frame.url.startswith(f"{self.base}/scoring/"))

    def open(self, query: str = "") -> sync_api.Frame:
        """Open the page with a query, as from a shared link."""
        self.page.goto(f"{self.base}/plugin/scoring/scoring/{query}")
        return self.settled()

    def settled(self) -> sync_api.Frame:
        """The frame, when all sections are there and all charts drawn."""
        inside = self.page.frame_locator("iframe")
        inside.locator("main[data-ready]").wait_for()
        inside.locator("section:not([data-ready])").first.wait_for(state="detached")
        inside.locator(".plot:not([data-drawn]):visible").first.wait_for(state="detached")
        return self.frame


@pytest.fixture(scope="module")
def airflow_url(airflow: dict[str, str], server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running API server whose database has a year of daily partitions."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE page_in_browser TEMPLATE template_scoring")
    connection.close()
    database = server.replace("/postgres?", "/page_in_browser?")
    factories_page.fill(database, days=365, last=TODAY)
    home = tmp_path_factory.mktemp("page")
    reports = ReportsRoot(str(home / "reports"))
    reports.write(reports.report("churn", TODAY, "drift"), REPORT)
    (home / "passwords.json").write_text(json.dumps({"admin": "for the test"}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = airflow | {
        "SCORING_DEFINITIONS": "page_definitions",
        "SCORING_HOME": str(home),
        "SCORING_REPORTS": str(home / "reports"),
        "AIRFLOW_CONN_SCORING_DB": database,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": "for tests only",
        "AIRFLOW__API_AUTH__JWT_SECRET": "for tests only, " * 4,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "api-server"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    try:
        patient = requests.Session()
        patient.mount("http://", HTTPAdapter(max_retries=Retry(300, backoff_factor=0.1, backoff_max=1)))
        patient.get(f"{url}/api/v2/version", timeout=PATIENCE).raise_for_status()
        patient.close()
        yield url
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        for member in family:
            member.terminate()
        psutil.wait_procs(family, timeout=PATIENCE)
        process.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def logged_in(browser: sync_api.Browser, airflow_url: str) -> sync_api.BrowserContext:
    """A person who is logged in, on a laptop; what the browser was given once it need not ask for again."""
    context = browser.new_context(viewport=LAPTOP)
    page = context.new_page()
    page.goto(f"{airflow_url}/auth/login")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill("for the test")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/auth/" not in url)
    page.close()
    return context


@pytest.fixture
def seen(request: pytest.FixtureRequest, logged_in: sync_api.BrowserContext, airflow_url: str) -> Iterator[Seen]:
    """A page of theirs, with Airflow in this theme; it leaves no request elsewhere and no error."""
    theme = getattr(request, "param", "light")
    page = logged_in.new_page()
    page.emulate_media(color_scheme="light" if theme == "dark" else "dark")
    page.add_init_script(f"try {{ localStorage.setItem('theme', '{theme}') }} catch {{}}")
    made = Seen(page, airflow_url, theme)
    page.on("request", lambda sent: made.elsewhere.append(sent.url) if _leaves(sent.url, airflow_url) else None)
    page.on("pageerror", lambda error: made.errors.append(str(error)))
    page.on("console", lambda said: made.errors.append(said.text) if said.type == "error" else None)
    yield made
    assert made.elsewhere == []
    assert made.errors == []
    page.close()


def _leaves(url: str, home: str) -> bool:
    return not url.startswith((f"{home}/", "data:", "blob:"))


def picture(seen: Seen, request: pytest.FixtureRequest, folder: Path, name: str) -> None:
    """Keep what is seen; the one in light of a score is that of the README, if it is to be renewed."""
    seen.page.screenshot(path=folder / f"{name}-{seen.theme}.png")
    wanted = request.config.getoption("--pictures")
    if wanted and (name, seen.theme) == ("score", "light"):
        seen.page.set_viewport_size({"width": 1366, "height": 1120})
        seen.settled()
        seen.page.screenshot(path=Path(wanted) / "scoring-page.png")


@IN_BOTH_THEMES
def test_from_airflows_navigation_to_all_scores(seen: Seen, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    seen.page.goto(seen.base)
    seen.page.get_by_role("link", name="Scoring").click()
    frame = seen.settled()
    assert frame.locator("table.scores tbody tr").count() == 5
    assert frame.locator(".badge.bad").get_by_text("update needed").count() == 1
    shown = frame.locator("section.streams tbody tr").inner_text()
    for said in ("people.updates", "2,000", "1,920", "feature_01: is not null"):
        assert said in shown
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == GROUND[seen.theme]
    assert not frame.evaluate(
        "document.querySelector('.scroll').scrollWidth > document.querySelector('.scroll').clientWidth"
    )
    picture(seen, request, tmp_path, "overview")


@IN_BOTH_THEMES
def test_by_keyboard_to_a_score_whose_charts_are_drawn(
    seen: Seen, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    frame = seen.open()
    for _ in range(40):
        seen.page.keyboard.press("Tab")
        if frame.evaluate("document.activeElement.textContent") == "Churn":
            break
    assert frame.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    seen.page.keyboard.press("Enter")
    frame.wait_for_url("**/scoring/?score=churn")
    frame = seen.settled()
    seen.page.wait_for_url("**/plugin/scoring/scoring/?score=churn")  # so the link can be shared
    plots = frame.locator(".plot")
    assert plots.count() == 6
    for number in range(plots.count()):
        plot = plots.nth(number)
        marks = plot.locator(".scatterlayer path, .heatmaplayer image")
        assert marks.count() > 0
        assert plot.get_attribute("aria-label")
    assert frame.locator(".heatmaplayer image").count() == 1
    assert frame.locator("[role=alert]").count() == 0
    assert frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    picture(seen, request, tmp_path, "score")


def test_a_chart_is_a_table_too_by_keyboard(seen: Seen) -> None:
    frame = seen.open("?score=spend")
    button = frame.get_by_role("button", name="Show as table").first
    button.focus()
    seen.page.keyboard.press("Enter")
    assert frame.locator(".plot").first.is_hidden()
    assert frame.locator("section").first.locator("tbody tr").count() == 365 + 335
    seen.page.keyboard.press("Enter")
    assert frame.locator(".plot").first.is_visible()


def test_filters_stand_in_the_address_and_a_shared_link_shows_the_same(seen: Seen) -> None:
    frame = seen.open("?score=churn")
    frame.get_by_role("combobox", name="Metric").select_option("brier")
    frame.get_by_role("combobox", name="Customers").select_option("region=north")
    frame.get_by_role("textbox", name="From").fill(str(TODAY - dt.timedelta(days=60)))
    frame.get_by_role("button", name="Show", exact=True).click()
    seen.page.wait_for_url("**metric=brier**")
    frame = seen.settled()
    address, shown = seen.page.url, frame.locator("section").first.inner_text()
    assert "segment=region%3Dnorth" in address
    assert "Brier score by cohort" in shown
    assert "to=" not in address
    seen.page.goto("about:blank")
    seen.page.goto(address)
    assert seen.settled().locator("section").first.inner_text() == shown


def test_a_link_to_a_dag_leads_airflow_there(seen: Seen) -> None:
    frame = seen.open("?score=churn")
    frame.get_by_role("link", name="score_churn", exact=True).click()
    seen.page.wait_for_url("**/dags/score_churn")
    seen.errors.clear()  # this Airflow has read no DAG files


def test_a_report_runs_its_scripts_and_has_no_part_in_the_session(seen: Seen) -> None:
    frame = seen.open("?score=churn")
    frame.get_by_role("link", name="drift", exact=True).click()
    inside = seen.page.frame_locator("iframe").frame_locator("iframe.report")
    inside.get_by_text("runs, and has no origin").wait_for()
    seen.page.frame_locator("iframe").get_by_role("link", name="The score").click()
    frame.wait_for_url(f"**/scoring/?score=churn&as_of={TODAY}")


@IN_BOTH_THEMES
def test_the_page_follows_when_airflow_changes_its_theme(seen: Seen) -> None:
    frame = seen.open("?score=churn")
    other = "light" if seen.theme == "dark" else "dark"
    seen.page.evaluate(f"document.documentElement.className = '{other}'")
    frame.wait_for_function(f"getComputedStyle(document.body).backgroundColor === '{GROUND[other]}'")


def test_a_score_that_is_not_there_is_said_in_a_sentence(seen: Seen) -> None:
    frame = seen.open("?score=nope")
    assert "There is no score 'nope'" in frame.get_by_role("alert").inner_text()
    seen.errors.clear()  # the browser notes the 404
