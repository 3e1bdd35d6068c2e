"""What docs/sources.md shows is what happens."""

import datetime as dt
import json
import re
import sqlite3
from pathlib import Path

import pytest
from factories import JUNE, customers, write_csv
from shop_definitions import SHOP

import scoring.domain.dataset as words
from scoring.intake import sources
from scoring.settings import PROJECT

PAGE = (PROJECT / "docs" / "sources.md").read_text()
SHOWN = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
FILES = next(content.split() for language, content in SHOWN if language == "text")
FILE_SOURCES = [code for language, code in SHOWN if language == "python" and code.startswith(("Csv", "Parquet"))]


def evaluated(code: str):
    return eval(code, vars(words) | {"dt": dt})  # noqa: S307 - our own page


@pytest.mark.parametrize("code", FILE_SOURCES)
def test_a_source_of_the_page_reads_the_files_of_the_page(tmp_path, code):
    data = [name for name in FILES if name.endswith(".csv")]
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if name in data:
            write_csv(file, customers(3))
        else:
            file.write_text("".join(f"{Path(one).name}\n" for one in data) if "files" in name else "")
    data_set = SHOP.model_copy(update={"source": evaluated(code)})
    with sources.read(data_set, JUNE, inbox=str(tmp_path), source_urls={}, path=None, batch_rows=100) as received:
        assert sum(batch.num_rows for batch in received.batches) == 3 * len(data)
        assert [part.file for part in received.parts] == [str(tmp_path / name) for name in data]


def test_the_query_of_the_page_is_read_from_the_database_of_the_page(tmp_path):
    (code,) = [code for language, code in SHOWN if language == "python" and code.startswith("SqlSource")]
    with sqlite3.connect(tmp_path / "sales.db") as connection:
        connection.execute(f"CREATE TABLE customers (as_of, {', '.join(SHOP.column_names)})")
        for row in customers(3):
            cells = [str(JUNE), *(str(one) if isinstance(one, dt.date) else one for one in row.values())]
            connection.execute(f"INSERT INTO customers VALUES ({', '.join('?' * len(cells))})", cells)
    connection.close()
    source = evaluated(code).model_copy(update={"extra_columns": "ignore"})
    urls = json.loads(re.search(r"SCORING_SOURCE_URLS=(\{.*\})", PAGE)[1])
    assert list(urls) == [source.connection]
    urls[source.connection] = f"sqlite:///{tmp_path / 'sales.db'}"
    data_set = SHOP.model_copy(update={"source": source})
    with sources.read(data_set, JUNE, inbox="", source_urls=urls, path=None, batch_rows=100) as received:
        assert sum(batch.num_rows for batch in received.batches) == 3


def test_the_keys_of_the_page_are_written_as_the_page_says(tmp_path):
    (code,) = [code for language, code in SHOWN if language == "python" and code.startswith("DataSet")]
    accounts = evaluated(code)
    (tmp_path / f"accounts_{JUNE}.csv").write_text("branch,account,balance\nTurin,007,1.5\na|b\\,-12,2\n")
    with sources.read(accounts, JUNE, inbox=str(tmp_path), source_urls={}, path=None, batch_rows=100) as received:
        (batch,) = received.batches
    assert batch.schema.names == ["branch", "account", "balance", "branch|account"]
    assert batch.column("branch|account").to_pylist() == ["Turin|7", "a\\|b\\\\|-12"]
    assert accounts.most_bytes("branch", 0) == 499
