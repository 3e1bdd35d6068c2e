"""The page on strange data is run to the letter: its files, definitions, rows and refusals."""

import datetime as dt
import json
import re
import zipfile

import pytest

from scoring.domain.dataset import Column, CsvSource, DataSet, ExcelSource, ParquetSource
from scoring.domain.dialect import Footer
from scoring.errors import SourceError
from scoring.intake import sources
from scoring.settings import PROJECT

PAGE = (PROJECT / "docs" / "strange-data.md").read_text()
SECTIONS = {
    title: re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for title, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
RUN = [title for title, blocks in SECTIONS.items() if blocks]


class Reading:
    """The state of a section: the names that its code defined, and the file as it was written."""

    def __init__(self, folder):
        self.folder, self.text = folder, ""
        self.names = {
            "dt": dt, "Column": Column, "CsvSource": CsvSource, "ExcelSource": ExcelSource, "Footer": Footer,
            "ParquetSource": ParquetSource,
        }  # fmt: skip

    def csv(self, text):
        self.text = text

    def diff(self, text):
        old, new = (re.search(rf"^\{sign}(.*)$", text, re.MULTILINE)[1] for sign in "-+")
        assert self.text.count(f"{old}\n") == 1
        self.text = self.text.replace(f"{old}\n", f"{new}\n")
        self.write()

    def python(self, text):
        first = "source" not in self.names
        exec(text, self.names)  # noqa: S102 - that is what the page tells people to write
        if first and self.text:
            self.write()

    def write(self):
        source = self.names["source"]
        content = self.text.encode(source.encoding)
        if source.path.endswith(".zip"):
            with zipfile.ZipFile(source.path, "w") as archive:
                archive.writestr("people.csv", content)
        else:
            (self.folder / source.path).write_bytes(content)

    def rows(self):
        columns, source = self.names["columns"], self.names["source"]
        people = DataSet(name="people", title="People", key=columns[0].name, columns=columns, source=source)
        reading = sources.read(
            people, dt.date(2005, 6, 30), inbox=str(self.folder), source_urls={}, path=None, batch_rows=10
        )
        with reading as received:
            return [row for batch in received.batches for row in batch.to_pylist()]

    def json(self, text):
        assert [json.loads(json.dumps(row, default=str)) for row in self.rows()] == [
            json.loads(line) for line in text.splitlines()
        ]

    def text_(self, text):
        with pytest.raises(SourceError) as caught:
            self.rows()
        assert str(caught.value).replace(f"{self.folder}/", "") == text.strip()


@pytest.mark.parametrize("title", RUN)
def test_a_section_of_the_page_is_true_to_the_letter(tmp_path, monkeypatch, title):
    monkeypatch.chdir(tmp_path)
    reading = Reading(tmp_path)
    for kind, block in SECTIONS[title]:
        {
            "csv": reading.csv,
            "diff": reading.diff,
            "python": reading.python,
            "json": reading.json,
            "text": reading.text_,
        }[kind](block)


def test_the_page_begins_with_its_sections_and_has_examples_of_both_ends():
    listed = re.findall(r"^- \[(.+?)\]\(#(.+?)\)$", PAGE, re.MULTILINE)
    assert [title for title, _ in listed] == list(SECTIONS)
    assert [anchor for _, anchor in listed] == [
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in SECTIONS
    ]
    assert len(RUN) == len(SECTIONS) - 1
    kinds = [kind for title in RUN for kind, _ in SECTIONS[title]]
    assert kinds.count("text") >= 9
    assert kinds.count("json") == len(RUN)
