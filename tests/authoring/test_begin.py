"""A definition that was begun from a strange file reads that file: to the values that were written into it."""

import bz2
import datetime as dt
import gzip
import io
import lzma
import sqlite3
import zipfile

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from factories_sources import read_rows
from pydantic import SecretStr

from scoring.authoring import look
from scoring.authoring.begin import begin
from scoring.authoring.check import Wanted, check
from scoring.catalog import load_catalog
from scoring.domain.dataset import SqlSource
from scoring.errors import ConfigurationError, SourceError
from scoring.intake.sources import workbook

DAY = dt.date(2026, 7, 31)
FRAME = pd.DataFrame(
    {
        "Kunden-Nr.": [f"{number:05d}" for number in range(40)],
        "Betrag": [number + 0.5 for number in range(40)],
        "Anzahl": list(range(40)),
        "Stadt": ["Köln", "Málaga"] * 20,
        "Seit": [DAY - dt.timedelta(days=number) for number in range(40)],
        "Aktiv": [number % 3 == 0 for number in range(40)],
    }
)
NAMES = ("kunden_nr", "betrag", "anzahl", "stadt", "seit", "aktiv")


def text(frame=FRAME, *, form="%Y-%m-%d", yes="true", no="false", **how):
    frame = frame.assign(
        Seit=[day.strftime(form) for day in frame["Seit"]], Aktiv=[yes if a else no for a in frame["Aktiv"]]
    )
    return frame.to_csv(index=False, **how)


def expected(frame=FRAME):
    return [dict(zip(NAMES, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("customers.csv", content)
    return file.getvalue()


def parquet(frame=FRAME):
    file = io.BytesIO()
    frame.to_parquet(file, index=False)
    return file.getvalue()


def excel():
    file = io.BytesIO()
    FRAME.to_excel(file, index=False, sheet_name="Kunden")
    return file.getvalue()


GERMAN = text(sep=";", decimal=",", form="%d.%m.%Y", yes="ja", no="nein")
FILES = {
    "plain.csv": text().encode(),
    "german.csv": GERMAN.encode("cp1252"),
    "marked.csv": GERMAN.encode("utf-8-sig"),
    "utf16.txt": text(sep="\t", form="%Y/%m/%d").encode("utf-16"),
    "american.csv": text(form="%m/%d/%Y", yes="Yes", no="No").encode(),
    "bars.dat": text(sep="|", form="%Y%m%d").encode(),
    "head.csv": f"Kunden\nvom 31.07.2026\n{text(sep=';')}".encode(),
    "packed.csv": gzip.compress(text().encode()),
    "packed.bz2": bz2.compress(text().encode()),
    "packed.xz": lzma.compress(text().encode()),
    "packed.zst": pa.compress(text().encode(), "zstd", asbytes=True),
    "packed.zip": zipped(text()),
    "typed.parquet": parquet(),
    "sheet.xlsx": excel(),
}


@pytest.mark.parametrize("name", FILES)
def test_a_strange_file_is_read_by_the_definition_that_was_begun_from_it(name, place, put):
    path = put(name, FILES[name])
    begin(place.settings, "kunden", str(path))
    found = list(check(place.settings, Wanted("kunden", str(path), DAY, installed=False)))
    assert [one for one in found if one.level != "ok"] == []
    data_set = load_catalog(place.settings.definitions).data_set("kunden")
    assert data_set.key == "kunden_nr"
    rows = [{name: row[name] for name in NAMES} for row in read_rows(data_set, place.inbox, name)]
    assert rows == expected()


def test_another_sheet_than_the_first_is_looked_at_by_its_name(place, put):
    file = io.BytesIO()
    with pd.ExcelWriter(file) as book:
        pd.DataFrame({"note": ["nothing"]}).to_excel(book, index=False, sheet_name="Notes")
        FRAME.to_excel(book, index=False, sheet_name="Kunden")
    path = str(put("book.xlsx", file.getvalue()))
    assert begin(place.settings, "notes", path).look.unsure == (
        "Sheet 'Notes' was looked at; there are others (--sheet): Kunden.",
    )
    begun = begin(place.settings, "kunden", path, sheet="Kunden")
    assert (tuple(one.name for one in begun.look.columns), begun.look.unsure) == (NAMES, ())
    assert load_catalog(place.settings.definitions).data_set("kunden").source.sheet == "Kunden"
    with pytest.raises(SourceError, match="It has no sheet 'Kunde'; there are 'Notes', 'Kunden'"):
        begin(place.settings, "kunde", path, sheet="Kunde")


def test_a_spreadsheet_with_a_number_that_is_none_is_to_be_saved_anew(place, put):
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(excel())) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b"<v>39.5</v>", b"<v> 39.5</v>"))
    with pytest.raises(
        SourceError, match=r"The spreadsheet cannot be read .*save it anew as \.xlsx, or the sheet as CSV"
    ):
        begin(place.settings, "kunden", str(put("padded.xlsx", file.getvalue())))


def test_a_word_for_nothing_is_a_value_of_a_category(place, put):
    path = put("kunden.csv", text(FRAME.assign(Stadt=["none", "Málaga"] * 20)))
    begin(place.settings, "kunden", str(path))
    found = list(check(place.settings, Wanted("kunden", str(path), DAY, installed=False)))
    assert [one for one in found if one.level != "ok"] == []


def test_missing_values_and_a_date_in_the_name_are_told(place, put):
    frame = FRAME.astype({"Betrag": object, "Anzahl": object}).copy()
    frame.loc[3, ["Betrag", "Anzahl"]] = ["NA", "n/a"]
    begun = begin(place.settings, "kunden", str(put("kunden_2026-07-31.csv", text(frame))))
    data_set = load_catalog(place.settings.definitions).data_set("kunden")
    assert (data_set.source.path, data_set.first_as_of) == ("kunden_{as_of}.csv", DAY)
    assert [column.name for column in data_set.columns if column.nullable] == ["betrag", "anzahl"]
    assert "'NA' is taken for a missing value" in begun.definition.read_text()
    (row,) = [row for row in read_rows(data_set, place.inbox, "kunden_2026-07-31.csv") if row["kunden_nr"] == "00003"]
    assert (row["betrag"], row["anzahl"]) == (None, None)


def test_a_target_begins_a_score(place, put):
    path = put("kunden_2026-07-31.csv", text())
    begin(place.settings, "kunden", str(path), target="aktiv")
    score = load_catalog(place.settings.definitions).score("aktiv")
    assert (score.kind, score.target.at_least, score.features) == ("classification", 1, ("betrag", "anzahl", "stadt"))
    begin(place.settings, "mengen", str(path), target="betrag")
    text_ = (place.definitions / "mengen.py").read_text()
    assert 'kind="regression"' in text_


@pytest.mark.parametrize(
    ("target", "said"),
    [("nobody", "there is no column 'nobody'"), ("seit", "column 'seit' is a date"), ("kunden_nr", "is a text")],
)
def test_a_column_that_cannot_be_predicted_is_refused_and_nothing_written(target, said, place, put):
    with pytest.raises(SourceError, match=said):
        begin(place.settings, "kunden", str(put("a.csv", text())), target=target)
    assert not (place.definitions / "kunden.py").exists()


def test_what_is_there_is_replaced_only_on_demand(place, put):
    path = str(put("a.csv", text()))
    begin(place.settings, "kunden", path)
    with pytest.raises(ConfigurationError, match=r"kunden\.py is there already"):
        begin(place.settings, "kunden", path)
    (place.definitions / "kunden.py").write_text("mine")
    begin(place.settings, "kunden", path, overwrite=True)
    assert "DataSet(" in (place.definitions / "kunden.py").read_text()


@pytest.mark.parametrize("name", ["Kunden", "1st", "a-b", "", "a/b"])
def test_a_name_that_cannot_be_used_is_refused(name, place, put):
    with pytest.raises(ConfigurationError, match="is not a name"):
        begin(place.settings, name, str(put("a.csv", text())))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.4 ...", "a PDF"),
        (b"", "The file is empty"),
        (b"\n\n", "no line of text"),
        (b"\x1f\x8b garbage", "gzip data is corrupt"),
        (None, "cannot be read"),
    ],
)
def test_a_file_of_no_use_is_refused(content, said, place, put):
    path = put("a.bin", content) if content is not None else place.inbox / "nothing"
    with pytest.raises(SourceError, match=said):
        begin(place.settings, "kunden", str(path))


def test_the_rows_of_a_query_are_looked_at(place, settings):
    url = settings.database_url
    given = place.settings.model_copy(update={"source_urls": {"crm": url}})
    query = "SELECT n::text AS id, n * 1.5 AS amount, DATE '2026-07-31' - n AS day FROM generate_series(1, 30) AS n"
    begun = begin(given, "buyers", query, connection="crm")
    assert [(one.name, one.type) for one in begun.look.columns] == [
        ("id", "text"),
        ("amount", "number"),
        ("day", "date"),
    ]
    found = list(check(given, Wanted("buyers", None, DAY, installed=False)))
    assert [one.said for one in found if one.level == "error"] == []


def test_the_rows_of_a_query_of_another_database_are_looked_at(place, tmp_path):
    with sqlite3.connect(tmp_path / "crm.db") as database:
        database.execute("CREATE TABLE buyers (Nr, day, seen, amount, as_of)")
        rows = [(n, f"2026-07-{n:02d}", f"2026-07-{n:02d} 10:00:00", n / 4, str(DAY)) for n in range(1, 31)]
        database.executemany("INSERT INTO buyers VALUES (?, ?, ?, ?, ?)", rows)
    database.close()
    given = place.settings.model_copy(update={"source_urls": {"crm": SecretStr(f"sqlite:///{tmp_path / 'crm.db'}")}})
    query = "SELECT Nr, day, seen, amount FROM buyers WHERE as_of = :as_of"
    with pytest.raises(ConfigurationError, match="The query asks for :as_of"):
        begin(given, "buyers", query, connection="crm")
    begun = begin(given, "buyers", query, connection="crm", as_of=DAY)
    assert [(one.name, one.type) for one in begun.look.columns] == [
        ("nr", "integer"), ("day", "date"), ("seen", "timestamp"), ("amount", "number"),
    ]  # fmt: skip
    data_set = load_catalog(given.definitions).data_set("buyers")
    assert data_set.source == SqlSource(connection="crm", query=query)
    assert (data_set.key, data_set.plain_key) == ("nr", False)
    found = list(check(given, Wanted("buyers", None, DAY, installed=False)))
    assert [one.said for one in found if one.level != "ok"] == []
    with pytest.raises(SourceError, match="The query failed: no such table"):
        begin(given, "others", "SELECT * FROM others", connection="crm")
    with pytest.raises(SourceError, match="--target: there is no column"):
        begin(given, "others", query, connection="crm", as_of=DAY, target="x")


def test_a_file_whose_rows_only_two_columns_tell_apart_begins_a_key_of_both(place, put):
    lines = [f"{branch},{account},{account}.5" for branch in ("north", "south") for account in range(6)]
    path = put("accounts.csv", "\n".join(["branch,account,spend", *lines]))
    begin(place.settings, "accounts", str(path))
    data_set = load_catalog(place.settings.definitions).data_set("accounts")
    assert data_set.key_columns == ("branch", "account")
    found = list(check(place.settings, Wanted("accounts", str(path), DAY, installed=False)))
    assert [one.said for one in found if one.level != "ok"] == []


def test_a_query_that_needs_a_date_or_a_connection_says_so(place, settings):
    given = place.settings.model_copy(update={"source_urls": {"crm": settings.database_url}})
    with pytest.raises(ConfigurationError, match="--as-of"):
        begin(given, "buyers", "SELECT %(as_of)s::date AS day", connection="crm")
    with pytest.raises(ConfigurationError, match="There is no connection 'erp'; there are: crm"):
        begin(given, "buyers", "SELECT 1", connection="erp")
    with pytest.raises(SourceError, match="The query fails"):
        begin(given, "buyers", "SELECT nothing", connection="crm")


def test_a_number_in_the_name_of_a_file_that_is_no_date_is_none(place, put):
    begun = begin(place.settings, "kunden", str(put("kunden_2026-13-45.csv", text())))
    assert begun.look.as_of is None
    assert load_catalog(place.settings.definitions).data_set("kunden").source.path == "kunden_2026-13-45.csv"


def test_the_first_of_several_sheets_is_looked_at_and_it_is_said(place, put):
    file = io.BytesIO()
    with pd.ExcelWriter(file) as book:
        FRAME.to_excel(book, index=False, sheet_name="Kunden")
        FRAME.head(1).to_excel(book, index=False, sheet_name="Rest")
    begun = begin(place.settings, "kunden", str(put("zwei.xlsx", file.getvalue())))
    assert (begun.look.sheet, begun.look.rows) == ("Kunden", len(FRAME))
    assert begun.look.unsure == ("Sheet 'Kunden' was looked at; there are others (--sheet): Rest.",)


def test_a_spreadsheet_with_cells_that_would_be_refused_says_so(place, put):
    file = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["id", "amount"])
    for number in range(30):
        book.active.append([f"p{number}", "=1+1" if number == 3 else number])
    book.save(file)
    begun = begin(place.settings, "formulas", str(put("formulas.xlsx", file.getvalue())))
    assert begun.look.unsure == ("1 cell with an error, or a formula that was never computed: refused.",)


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_UNPACKED"])
def test_a_spreadsheet_that_would_fill_memory_is_refused_before_it_is_read(limit, place, put, monkeypatch):
    monkeypatch.setattr(workbook, limit, 1000)
    with pytest.raises(SourceError, match="1,000"):
        begin(place.settings, "kunden", str(put("sheet.xlsx", FILES["sheet.xlsx"])))


def test_a_packed_file_that_would_fill_memory_is_looked_at_as_far_as_lines_are_whole(place, put, monkeypatch):
    monkeypatch.setattr(look, "MOST_BYTES", 500)
    begun = begin(place.settings, "kunden", str(put("packed.csv", FILES["packed.csv"])))
    assert not begun.look.whole
    assert 0 < begun.look.rows < len(FRAME)


def test_an_archive_of_several_files_is_refused(place, put):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, text())
    with pytest.raises(SourceError, match="2 files instead of one"):
        begin(place.settings, "kunden", str(put("zwei.zip", file.getvalue())))
