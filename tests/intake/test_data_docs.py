"""Data Docs are complete without a network: no page loads anything of another host, and the index lists every run."""

import datetime as dt
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.intake.expectations import Suite, load_suite
from scoring.intake.expectations.pages import PageView, self_contained, sorted_rows
from scoring.settings import PROJECT
from scoring.snapshots.arrow import arrow_schema

MAY, JUNE = dt.date(2005, 5, 31), dt.date(2005, 6, 30)
PEOPLE = DataSet(
    name="people",
    title="People",
    key="id",
    columns=(
        Column(name="id", type="text"),
        Column(name="age", type="integer", nullable=True),
        Column(name="kind", type="category", values=("a", "b")),
    ),
    source=CsvSource(path="people.csv"),
)
RULES = [
    ("expect_column_values_to_be_between", {"column": "age", "min_value": 18}),
    ("expect_column_quantile_values_to_be_between",
     {"column": "age", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 9]]}}),
    ("expect_column_kl_divergence_to_be_less_than",
     {"column": "kind", "partition_object": {"values": ["a", "b"], "weights": [0.5, 0.5]}, "threshold": 0.1}),
]  # fmt: skip


class Page(HTMLParser):
    """What a page loads, where it links to, and the texts of its tables' rows."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "a":
            self.links.append(given.get("href", ""))
        else:
            self.loads += [given[name] for name in ("src", "href", "srcset", "data", "poster") if name in given]
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self.handle_data(given.get("style", ""))

    def handle_data(self, text: str) -> None:
        self.loads += re.findall(r"url\(([^)]*)\)|@import\s+(\S+)", text)
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += text.strip()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "expectations").mkdir()
    shutil.copy(PROJECT / "great_expectations" / "great_expectations.yml", tmp_path)
    rules = [{"type": kind, "kwargs": kwargs, "severity": "warning"} for kind, kwargs in RULES]
    (tmp_path / "expectations" / "people.json").write_text(json.dumps({"name": "people", "expectations": rules}))
    return tmp_path


def write(suite: Suite, ages: list[int], as_of: dt.date, name: str, kept: int = 9) -> Path:
    """The page of a validation of people of these ages."""
    people = [{"id": str(number), "age": age, "kind": "a"} for number, age in enumerate(ages)]
    table = arrow_schema(PEOPLE).empty_table().from_pylist(people, schema=arrow_schema(PEOPLE))
    validation = suite.validation()
    for batch in table.to_batches():
        validation.check_rows(batch)
    validation.check_table(table.select, table.num_rows)
    return Path(suite.write_docs(validation.results, as_of, name, kept=kept))


@pytest.fixture
def docs(directory: Path) -> Path:
    """The site after a validation that found something and a later one that did not."""
    suite = load_suite(directory, PEOPLE)
    write(suite, [5, 30], MAY, "first")
    write(suite, [20, 30], JUNE, "second")
    return directory / "uncommitted" / "data_docs"


def test_no_page_loads_anything_of_another_host(docs: Path) -> None:
    pages = {file.relative_to(docs).parts[0]: Page(file) for file in docs.rglob("*.html")}
    assert pages.keys() == {"index.html", "expectations", "validations"}
    assert [load for page in pages.values() for load in page.loads if "//" in str(load)] == []


def test_the_index_lists_each_validation_with_its_page_the_newest_first(docs: Path) -> None:
    index = Page(docs / "index.html")
    listed = [row for row in index.rows if row]
    assert [[cell for cell in row if cell.startswith(("first", "second"))] for row in listed] == [
        ["second_2005-06-30"],
        ["first_2005-05-31"],
        [],
    ]
    assert "people 2005-06-30" in listed[0]
    pages = {link for link in index.links if link.startswith("validations/")}
    assert {Path(link).parts[2] for link in pages} == {"first_2005-05-31", "second_2005-06-30"}
    assert all((docs / link).is_file() for link in pages)


def test_of_old_validations_those_of_the_newest_dates_stay_one_for_each_date(directory: Path) -> None:
    suite = load_suite(directory, PEOPLE)
    write(suite, [20], dt.date(2005, 4, 30), "people", kept=2)
    other = write(suite, [20], dt.date(2005, 4, 30), "other", kept=2)
    before = write(suite, [20], MAY, "people", kept=2)
    again = write(suite, [5], MAY, "people", kept=2)
    june = write(suite, [20], JUNE, "people", kept=2)
    assert set((directory / "uncommitted" / "data_docs" / "validations").rglob("*.html")) == {other, again, june}
    assert {file.stem for file in (directory / "uncommitted" / "validations").rglob("*.json")} == {
        "2005-04-30",
        "2005-05-31",
        "2005-06-30",
    }
    assert not before.exists()
    assert write(suite, [20], dt.date(2005, 4, 30), "people", kept=2).exists()  # of an old date: until the next one


def test_every_page_leads_back_to_the_index(docs: Path) -> None:
    for file in docs.rglob("*.html"):
        home = next(link for link in Page(file).links if link)
        assert home == "#" or (file.parent / home).resolve() == (docs / "index.html").resolve(), file


def test_a_graph_is_shown_by_its_numbers_and_needs_no_script() -> None:
    block = {"content_block_type": "graph", "graph": {"mark": "bar"}}
    shown = PageView().env.get_template("graph.j2").render(content_block=block)
    assert "{&#39;mark&#39;: &#39;bar&#39;}" in shown
    assert "script" not in shown


def test_a_site_that_is_configured_with_a_view_of_its_own_keeps_it(directory: Path) -> None:
    config = directory / "great_expectations.yml"
    theirs = "      view:\n        class_name: DefaultJinjaIndexPageView\n"
    builder = "      class_name: DefaultSiteIndexBuilder\n"
    assert builder in config.read_text()
    config.write_text(config.read_text().replace(builder, builder + theirs))
    write(load_suite(directory, PEOPLE), [20], JUNE, "first")
    assert "bootstrapTable(" in (directory / "uncommitted" / "data_docs" / "index.html").read_text()


@pytest.mark.parametrize(
    ("page", "left"),
    [
        ('<link rel="stylesheet" href="https://cdn/x.css">', ""),
        ("<LINK href = 'HTTP://cdn/x.css'/>", ""),
        ('<link href="//cdn/x.css">', ""),
        ('<link href="./x.css">', '<link href="./x.css">'),
        ('<script src="https://cdn/x.js" integrity="a"></script>', ""),
        ("<script>run()</script>", "<script>run()</script>"),
        ('<img class="a" src="https://cdn/x.png" alt="b"/>', ""),
        ('<img src="static/x.png">', '<img src="static/x.png">'),
        ('<a href="https://example.org">x</a>', '<a href="https://example.org">x</a>'),
        ("<style>a { background: url('https://cdn/x.png') 0 0 }</style>", "<style>a { background: none 0 0 }</style>"),
        ("<style>a { background: url(x.png) }</style>", "<style>a { background: url(x.png) }</style>"),
    ],
)
def test_what_a_page_would_load_of_another_host_is_taken_out_and_nothing_else(page: str, left: str) -> None:
    assert self_contained(page) == left


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"sortName": "run", "sortOrder": "desc"}, ["b", "c", "a"]),
        ({"sortName": "run", "sortOrder": "asc"}, ["a", "c", "b"]),
        ({"sortName": "name"}, ["a", "b", "c"]),
        ({"sortName": "unknown"}, ["c", "a", "b"]),
        ({}, ["c", "a", "b"]),
    ],
)
def test_rows_are_sorted_as_their_table_says(options: dict[str, str], names: list[str]) -> None:
    columns = [{"field": "name"}, {"field": "run", "sortName": "_at"}, {"field": "unknown"}]
    rows = [{"name": "c", "_at": 2}, {"name": "a", "_at": 1}, {"name": "b", "_at": 3}]
    found = sorted_rows({"table_columns": columns, "table_data": rows, "table_options": options})
    assert [row["name"] for row in found] == names
