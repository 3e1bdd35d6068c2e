"""Outcomes come in the dialect of their source; a value that is not spelled so is refused alone, with its reason."""

import datetime as dt
from pathlib import Path

import openpyxl
from factories import JUNE
from factories_outcomes import TOLD, cohort, deliver_outcomes, known_of

from scoring.domain.dataset import CsvSource, ExcelSource
from scoring.domain.dialect import Footer
from scoring.outcomes.collect import collect


def told(source):
    return TOLD.model_copy(update={"target": TOLD.target.model_copy(update={"source": source})})


GERMAN = {"separator": ";", "decimal_mark": ",", "thousands_mark": "."}


def test_outcomes_of_a_dialect_are_read_value_by_value(shop):
    cohort(shop, 4)
    lines = ("c0000;1.234,5;2024-07-31", "c0001;1.5;2024-07-31", "c0002;0,5;", "c0003;?;2024-07-31")
    deliver_outcomes(shop, *lines, header="customer_id;spend;seen")
    collected = collect(shop, told(CsvSource(path="spent_{as_of}.csv", null_values=("?", ""), **GERMAN)), JUNE)
    assert (collected.received, collected.recorded, collected.quarantined) == (4, 2, 2)
    assert known_of(shop) == {"c0000": 1234.5, "c0002": 0.5}


def test_a_footer_of_outcomes_is_checked(shop):
    cohort(shop, 2)
    footer = Footer(text=r"Summe (?P<rows>\d+): (?P<spend>[\d.,]+)")
    deliver_outcomes(shop, "c0000;1.234,5;", "c0001;0,5;", "Summe 2: 1.235,0", header="customer_id;spend;seen")
    collect(shop, told(CsvSource(path="spent_{as_of}.csv", footer=footer, **GERMAN)), JUNE)
    assert known_of(shop) == {"c0000": 1234.5, "c0001": 0.5}


def test_outcomes_of_a_spreadsheet_have_the_types_of_its_cells(shop):
    cohort(shop, 3)
    book = openpyxl.Workbook()
    seen = dt.datetime(2024, 7, 31, 12)  # noqa: DTZ001 - a spreadsheet knows no zones
    rows = (["customer_id", "spend", "seen"], ["c0000", 19, seen], ["c0001", "12,5", None], ["c0002", "x", None])
    for row in rows:
        book.active.append(row)
    book.save(Path(shop.inbox) / f"spent_{JUNE}.xlsx")
    collected = collect(shop, told(ExcelSource(path="spent_{as_of}.xlsx", decimal_mark=",")), JUNE)
    assert (collected.recorded, collected.quarantined) == (2, 1)
    assert known_of(shop) == {"c0000": 19.0, "c0001": 12.5}
