"""Many files are one source: in a fixed order, each row of each file once, and of one delivery, or nothing."""

import gzip
import tempfile
from collections import Counter
from pathlib import Path

import fsspec
import pandas as pd
import psycopg2
import pytest
from factories import JUNE, customer, customers, deliver, in_quarantine, query, table_of, value, write_csv
from factories_s3 import BUCKET, KEYS, client, s3_server
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from shop_definitions import SHOP
from typer.testing import CliRunner

from scoring.domain.dataset import CsvSource, ExcelSource, ParquetSource
from scoring.domain.dialect import Footer
from scoring.errors import SourceError, SourceNotReady
from scoring.intake import sources
from scoring.intake.ingest import ingest
from scoring.intake.quarantine import export, replay
from scoring.intake.sources import listing
from scoring.snapshots.parts import place_of

HIVE = "shop/as_of={as_of}/part-*.parquet"
DAY = "shop/as_of=2024-06-30"


def of(path: str, kind=CsvSource, **fields):
    return SHOP.model_copy(update={"source": kind(path=path, **fields)})


def parts(folder: Path, *groups: list, suffix: str = ".csv") -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"part-{number}{suffix}" for number in range(len(groups))]
    for file, rows in zip(files, groups, strict=True):
        if suffix == ".csv":
            write_csv(file, rows)
        else:
            parquet.write_table(table_of(rows), file)
    return files


def read(data_set, inbox, path=None, roots=None, batch_rows=5):
    with sources.read(
        data_set, JUNE, inbox=str(inbox), source_urls={}, path=path, batch_rows=batch_rows, roots=roots
    ) as received:
        batches = list(received.batches)
    assert {batch.num_rows for batch in batches[:-1]} <= {batch_rows}
    return [row["customer_id"] for batch in batches for row in batch.to_pylist()], received


def ids(*numbers: int) -> list[str]:
    return [f"c{number:04d}" for number in numbers]


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any), batch_rows=st.integers(1, 7))
def test_each_row_of_each_file_is_read_once_in_order_and_counted_by_file(sizes, batch_rows):
    rows = customers(sum(sizes))
    cut = [rows[sum(sizes[:at]) : sum(sizes[: at + 1])] for at in range(len(sizes))]
    with tempfile.TemporaryDirectory() as inbox:
        for kind, suffix in ((CsvSource, ".csv"), (ParquetSource, ".parquet")):
            folder = Path(inbox) / suffix[1:]
            files = parts(folder, *cut, suffix=suffix)
            found, received = read(of(f"{suffix[1:]}/part-*{suffix}", kind), inbox, batch_rows=batch_rows)
            assert found == [row["customer_id"] for row in rows]
            assert [(part.file, part.rows) for part in received.parts] == [
                (str(file), size) for file, size in zip(files, sizes, strict=True)
            ]
            places = Counter(place_of(received.parts, row + 1)[0] for row in range(len(rows)))
            assert places == {str(file): size for file, size in zip(files, sizes, strict=True) if size}


def test_the_same_rows_in_one_file_or_in_many_of_any_format_are_the_same_snapshot(shop):
    inbox = Path(shop.inbox)
    write_csv(inbox / f"shop_{JUNE}.csv", customers(20))
    one = ingest(shop, SHOP, JUNE)
    parts(inbox / DAY, customers(20)[:9], [], customers(20)[9:], suffix=".parquet")
    again = ingest(shop, of(HIVE, ParquetSource), JUNE)
    assert (again.unchanged, again.digest) == (True, one.digest)


GERMAN = CsvSource(
    path="in/part-*",
    separator=";",
    decimal_mark=",",
    encoding="utf-16",
    skip_rows=1,
    date_format="%d.%m.%Y",
    footer=Footer(text=r"Zeilen: (?P<rows>\d+)"),
)


def in_german(rows: list[dict], said: int) -> bytes:
    frame = pd.DataFrame(rows, columns=SHOP.column_names)
    dates = [column.name for column in SHOP.columns if column.type == "date"]
    frame[dates] = frame[dates].map(lambda day: day and day.strftime("%d.%m.%Y"))
    frame["balance"] = frame["balance"].map(lambda amount: amount and str(amount).replace(".", ","))
    return f"Kunden\n{frame.to_csv(index=False, sep=';', decimal=',')}Zeilen: {said}\n".encode("utf-16")


def test_each_of_many_files_is_unpacked_and_has_the_head_and_the_foot_of_the_dialect(tmp_path):
    data_set, rows = SHOP.model_copy(update={"source": GERMAN}), customers(9)
    (tmp_path / "in").mkdir()
    for name, part in (("part-0.csv.gz", rows[:4]), ("part-1.csv", rows[4:4]), ("part-2.csv.gz", rows[4:])):
        content = in_german(part, len(part))
        (tmp_path / "in" / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    found, received = read(data_set, tmp_path)
    assert found == ids(*range(9))
    assert [part.rows for part in received.parts] == [4, 0, 5]
    (tmp_path / "in" / "part-2.csv.gz").write_bytes(gzip.compress(in_german(rows[4:], 6)))
    with pytest.raises(SourceError, match=r"part-2\.csv\.gz: The footer says 6 rows; the file has 5"):
        read(data_set, tmp_path)


def test_each_of_many_spreadsheets_is_read_by_its_sheet(tmp_path):
    (tmp_path / "in").mkdir()
    for number, part in enumerate((customers(9)[:4], customers(9)[4:])):
        frame = pd.DataFrame(part, columns=SHOP.column_names)
        frame.to_excel(tmp_path / "in" / f"part-{number}.xlsx", sheet_name="Kunden", index=False)
    found, received = read(of("in/", ExcelSource, sheet="Kunden"), tmp_path)
    assert (found, [part.rows for part in received.parts]) == (ids(*range(9)), [4, 5])


def test_the_partition_of_the_path_is_no_column_and_other_days_are_not_read(tmp_path):
    parts(tmp_path / DAY, customers(3), suffix=".parquet")
    parts(tmp_path / "shop/as_of=2024-07-31", customers(9), suffix=".parquet")
    found, received = read(of(HIVE, ParquetSource), tmp_path)
    assert found == ids(0, 1, 2)
    assert received.name == str(tmp_path / DAY / "part-*.parquet")


def test_a_folder_is_all_that_is_below_it_but_what_its_writer_keeps_for_itself(tmp_path):
    folder = tmp_path / "shop.csv"
    parts(folder / "b", customers(2))
    parts(folder / "a" / "c", [customer(7)])
    parts(folder / "_temporary", [customer(8)])
    (folder / "a" / "z.csv.gz").write_bytes(gzip.compress(write_csv(tmp_path / "z", [customer(9)]).read_bytes()))
    for name in ("_SUCCESS", ".part-0.csv.crc", "b/_committed"):
        (folder / name).write_text("x")
    found, _ = read(of("shop.csv/"), tmp_path)
    assert found == ids(7, 9, 0, 1)
    (folder / "README.txt").write_text("hello")
    with pytest.raises(SourceError, match=r"README\.txt.*The header lacks"):
        read(of("shop.csv/"), tmp_path)


def test_an_error_names_the_file_and_the_row_of_it(tmp_path):
    _, second = parts(tmp_path / "in", customers(4), [customer(5), customer(6, visits="many")])
    with pytest.raises(SourceError) as caught:
        read(of("in/*.csv"), tmp_path)
    assert str(caught.value).startswith(f"{second}, row 2, column 'visits': 'many'")


def test_duplicates_are_found_across_files_and_named_by_file_and_row(shop):
    inbox = Path(shop.inbox)
    _, second = parts(inbox / "in", customers(4), [customer(5), customer(2, spend=7)])
    assert ingest(shop, of("in/*.csv"), JUNE).duplicates == 1
    assert query(shop, "SELECT received, accepted, duplicates FROM scoring.snapshot") == [(6, 5, 1)]
    refusing = of("in/*.csv").model_copy(update={"duplicates": "refuse"})
    with pytest.raises(SourceError) as caught:
        ingest(shop, refusing, JUNE)
    assert str(caught.value).startswith(f"{second}, row 2, column 'customer_id': the key 'c0002'")


def test_a_snapshot_knows_how_many_rows_came_from_each_file(shop):
    files = parts(Path(shop.inbox) / "in", customers(4), [], [customer(5), customer(2)])
    ingest(shop, of("in/*.csv"), JUNE)
    assert value(shop, "SELECT files FROM scoring.snapshot") == [
        {"file": str(file), "rows": rows} for file, rows in zip(files, (4, 0, 2), strict=True)
    ]
    write_csv(Path(shop.inbox) / f"shop_{JUNE}.csv", customers(3))
    ingest(shop, SHOP, JUNE)
    assert value(shop, "SELECT files FROM scoring.snapshot WHERE state = 'current'") == []


def test_nothing_there_yet_is_not_ready(tmp_path):
    with pytest.raises(SourceNotReady, match="is not there"):
        read(of("in/*.csv"), tmp_path)
    (tmp_path / "in").mkdir()
    for path in ("in/*.csv", "in/"):
        with pytest.raises(SourceNotReady, match="There is no such file"):
            read(of(path), tmp_path)
    parts(tmp_path / "in", [], [])
    with pytest.raises(SourceError, match="no rows"):
        read(of("in/*.csv"), tmp_path)


@pytest.mark.parametrize("path", ["in/part-*.csv", "in/part-0.csv", "in/"])
def test_nothing_is_read_before_the_marker_is_there(tmp_path, path):
    parts(tmp_path / "in", customers(3))
    waiting = of(path, wait_for="_SUCCESS_{as_of}")
    with pytest.raises(SourceNotReady, match=r"in/_SUCCESS_2024-06-30: The file is not there"):
        read(waiting, tmp_path)
    assert read(waiting, tmp_path, path=path)[0] == ids(0, 1, 2)  # who names another file says that it is complete
    (tmp_path / "in" / "_SUCCESS_2024-06-30").touch()
    assert read(waiting, tmp_path)[0] == ids(0, 1, 2)


def test_a_marker_with_any_name_is_no_data(tmp_path):
    parts(tmp_path / "in", customers(3))
    (tmp_path / "in" / "ready").touch()
    assert read(of("in/", wait_for="ready"), tmp_path)[0] == ids(0, 1, 2)


def test_exactly_the_files_of_the_manifest_are_read_in_its_order(tmp_path):
    parts(tmp_path / "in", [customer(0)], [customer(1)], [customer(2)])
    listed = of("in/", manifest="files_{as_of}.txt")
    with pytest.raises(SourceNotReady, match=r"files_2024-06-30\.txt: The file is not there"):
        read(listed, tmp_path)
    manifest = tmp_path / "in" / f"files_{JUNE}.txt"
    manifest.write_text("part-2.csv\n\npart-0.csv\n")
    assert read(listed, tmp_path)[0] == ids(2, 0)
    manifest.write_text("part-2.csv\npart-9.csv\n")
    with pytest.raises(SourceNotReady, match=r"part-9\.csv: The file is not there"):
        read(listed, tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"part-0.csv\n../secret.csv\n", r"row 2: '\.\./secret\.csv' is not below"),
        (b"/etc/passwd\n", "row 1: '/etc/passwd' is not below"),
        (b"s3://bucket/x\n", "is not below"),
        (b"part-0.csv\npart-0.csv\n", "row 2: 'part-0.csv' stands in line 1, too"),
        (b"part-\xff.csv\n", "not valid UTF-8"),
        (b"x" * (listing.MOST_MANIFEST_BYTES + 1), "is larger than"),
    ],
)
def test_a_manifest_that_will_not_do_is_refused_with_the_line(tmp_path, content, problem):
    parts(tmp_path / "in", [customer(0)])
    (tmp_path / "in" / "files.txt").write_bytes(content)
    with pytest.raises(SourceError, match=rf"files\.txt.*{problem}"):
        read(of("in/", manifest="files.txt"), tmp_path)


class Meanwhile(LocalFileSystem):
    """A real local file system on which something happens when a file is opened for the second time."""

    protocol = "meanwhile"
    happens = staticmethod(Path.stat)
    opened = 0

    def open(self, path, mode="rb", **kwargs):
        type(self).opened += 1
        if self.opened == 2:
            self.happens(Path(self._strip_protocol(path)).parent)
        return super().open(path, mode, **kwargs)


def rewrite(name: str):
    def happens(folder: Path) -> None:
        write_csv(folder / name, customers(2))

    return happens


@pytest.mark.parametrize(
    ("happens", "what"),
    [
        (rewrite("part-9.csv"), r"part-9\.csv appeared"),
        (rewrite("part-0.csv"), r"part-0\.csv was replaced"),
        (rewrite("part-2.csv"), r"part-2\.csv was replaced"),
        (rewrite("_SUCCESS"), "_SUCCESS was replaced"),
        (lambda folder: (folder / "part-0.csv").unlink(), r"part-0\.csv is gone"),
        (lambda folder: (folder / "_SUCCESS").unlink(), "_SUCCESS"),
        (lambda folder: (folder / "part-2.csv").unlink(), r"part-2\.csv: The file is not there"),
    ],
    ids=["appears", "replaced", "replaced unread", "marker replaced", "removed", "marker removed", "removed unread"],
)
def test_a_delivery_that_changes_while_it_is_read_is_not_ready(shop, happens, what):
    fsspec.register_implementation("meanwhile", Meanwhile, clobber=True)
    folder = Path(shop.inbox) / "in"
    parts(folder, customers(3), customers(3), customers(3))
    (folder / "_SUCCESS").touch()
    Meanwhile.opened, Meanwhile.happens = 0, staticmethod(happens)
    with pytest.raises(SourceNotReady, match=what):
        ingest(shop, of(f"meanwhile://{folder}/*.csv", wait_for="_SUCCESS"), JUNE)
    assert Meanwhile.opened >= 2
    assert value(shop, "SELECT count(*) FROM scoring.snapshot") == 0


def test_one_file_is_copied_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parts(tmp_path / "in", *[customers(3)] * 5)
    with sources.read(of("in/*.csv"), JUNE, inbox=str(tmp_path), source_urls={}, path=None, batch_rows=1) as received:
        copies = [len(open_copies(tmp_path)) for _ in received.batches]
    assert (len(copies), max(copies)) == (15, 1)
    assert open_copies(tmp_path) == set()


def open_copies(folder: Path) -> set[str]:
    """The files without a name that this process has open in a folder."""
    links = [one.readlink() for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    return {str(link) for link in links if link.is_relative_to(folder) and "(deleted)" in link.name}


def test_a_url_with_credentials_is_listed_and_none_is_shown(tmp_path):
    memory = fsspec.filesystem("memory")
    for number in (1, 0):
        memory.pipe(f"/many/day=1/part-{number}.csv", write_csv(tmp_path / "x.csv", [customer(number)]).read_bytes())
    assert read(of("memory://many/**/*.csv"), tmp_path)[0] == ids(0, 1)
    assert read(of("day=*/"), "memory://many")[0] == ids(0, 1)


def test_an_object_store_is_listed(tmp_path, monkeypatch):
    with s3_server() as (url, _):
        for name, content in (KEYS | {"AWS_ENDPOINT_URL": url}).items():
            monkeypatch.setenv(name, content)
        fsspec.filesystem("s3").clear_instance_cache()
        for number, name in enumerate(("b/part-1.csv", "a/part-0.csv", "a/_SUCCESS")):
            content = write_csv(tmp_path / "x.csv", [customer(number)]).read_bytes()
            client(url).put_object(Bucket=BUCKET, Key=f"in/{name}", Body=content)
        assert read(of(f"s3://{BUCKET}/in/"), tmp_path)[0] == ids(1, 0)
        assert read(of(f"s3://{BUCKET}/in/*/part-*.csv"), tmp_path)[0] == ids(1, 0)
        with pytest.raises(SourceNotReady):
            read(of(f"s3://{BUCKET}/elsewhere/*.csv"), tmp_path)
        fsspec.filesystem("s3").clear_instance_cache()


def test_another_folder_stays_below_the_roots_also_behind_symbolic_links(tmp_path):
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    parts(inbox / "in", customers(2))
    (secret,) = parts(outside, [customer(9)])
    for path in ("in/*.csv", "in/", "*/", f"{inbox}/in/../in/*.csv"):
        assert read(SHOP, inbox, path=path, roots=())[0] == ids(0, 1)
    for path in (f"{outside}/*.csv", f"{outside}/", "../outside/*.csv", "../*/part-0.csv", f"file://{outside}/"):
        with pytest.raises(SourceError, match="neither below"):
            read(SHOP, inbox, path=path, roots=())
    assert read(SHOP, inbox, path=f"{outside}/", roots=(str(outside),))[0] == ids(9)
    link = inbox / "in" / "part-9.csv"
    link.symlink_to(secret)
    with pytest.raises(SourceError, match="neither below"):
        read(SHOP, inbox, path="in/*.csv", roots=())
    link.unlink()
    (inbox / "in" / "door").symlink_to(outside)
    for path in ("in/", "in/door/", "in/*/*.csv"):
        with pytest.raises(SourceError, match="neither below"):
            read(SHOP, inbox, path=path, roots=())
    assert read(SHOP, inbox, path="in/door/")[0] == ids(9)  # on the command line a person reads what they may


def test_a_link_that_leads_back_is_refused_instead_of_followed_for_ever(tmp_path):
    parts(tmp_path / "in", customers(2))
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
    with pytest.raises(SourceError, match="'again' is reached on two ways"):
        read(of("in/"), tmp_path)
    assert read(of("in/*.csv"), tmp_path)[0] == ids(0, 1)


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "MOST_FILES", 3)
    parts(tmp_path / "in", *[customers(1)] * 3)
    assert read(of("in/*.csv"), tmp_path)[1].parts
    parts(tmp_path / "in", *[customers(1)] * 4)
    with pytest.raises(SourceError, match="more than 3 files"):
        read(of("in/*.csv"), tmp_path)


def test_another_file_of_a_folder_is_of_the_kind_that_its_ending_says(tmp_path):
    parts(tmp_path / "in", customers(2))
    parts(tmp_path / "in", customers(3)[2:], suffix=".parquet")
    found, _ = read(SHOP, tmp_path, path="in/part-*")
    assert found == ids(0, 1, 2)


def test_a_quarantined_row_is_named_by_its_file_and_a_replay_keeps_where_rows_came_from(shop, tmp_path, monkeypatch):
    _, second = parts(Path(shop.inbox) / "in", customers(30), [customer(40), customer(41, spend=-1)])
    ingest(shop, of("in/*.csv"), JUNE)
    snapshot, (row,) = in_quarantine(shop)
    assert (row.row_number, snapshot.place_of(row.row_number)) == (32, (str(second), 2))
    listed = cli(shop, monkeypatch, "quarantine", "list", "shop", str(JUNE))
    assert f"row 32 (row 2 of {second})\tc0041\tspend = '-1.0'" in listed.output, listed
    corrected = tmp_path / "corrected.csv"
    with corrected.open("w") as file:
        export(shop, SHOP, JUNE, file)
    corrected.write_text(corrected.read_text().replace("-1.0", "1.0"))
    assert replay(shop, SHOP, JUNE, str(corrected)).accepted == 32
    assert value(shop, "SELECT count(DISTINCT files) FROM scoring.snapshot WHERE files <> '[]'") == 1
    assert value(shop, "SELECT count(*) FROM scoring.snapshot WHERE files <> '[]'") == 2


def test_the_database_refuses_files_that_do_not_have_all_rows(shop):
    parts(Path(shop.inbox) / "in", customers(3))
    ingest(shop, of("in/*.csv"), JUNE)
    with pytest.raises(psycopg2.errors.CheckViolation, match="snapshot_files_have_all_rows"):
        query(shop, """UPDATE scoring.snapshot SET files = '[{"file": "x", "rows": 2}]' RETURNING 1""")


def test_of_one_file_the_place_of_a_row_is_the_source(shop):
    deliver(shop, [*customers(30), customer(41, spend=-1)])
    ingest(shop, SHOP, JUNE)
    snapshot, (row,) = in_quarantine(shop)
    assert snapshot.place_of(row.row_number) == (f"{shop.inbox}/shop_{JUNE}.csv", 31)


def cli(shop, monkeypatch, *arguments: str):
    from scoring.cli import app

    for name, content in {
        "DATABASE_URL": shop.database(),
        "HOME": str(shop.home),
        "INBOX": shop.inbox,
        "DEFINITIONS": shop.definitions,
        "EXPECTATIONS_DIR": str(shop.expectations_dir),
    }.items():
        monkeypatch.setenv(f"SCORING_{name}", content)
    return CliRunner().invoke(app, arguments)
