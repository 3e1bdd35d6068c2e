"""The lake and the reports on a real S3 server: the same digest and checksum as on files, and no failure is damage."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import factories_s3
import fsspec
import psycopg2
import pytest
from factories import JULY, JUNE, MAY, SHOP, customer, customers, deliver, published, query, table_of, value
from factories_s3 import BUCKET, KEYS
from pydantic import SecretStr
from shop_definitions import LEAVING

from scoring.errors import ConfigurationError, IntegrityError, TransientError
from scoring.intake.ingest import ingest
from scoring.reports.place import ReportsRoot
from scoring.settings import Settings
from scoring.snapshots import lake
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.remote import located
from scoring.snapshots.writing import ContentDigest, RowGroupWriter

PAGE = b'<html><head><meta name="scoring-inputs" content="' + b"a" * 64 + b'"></head></html>'
LAKE = f"s3://{BUCKET}/lake"
NOW = dt.datetime(2024, 7, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with factories_s3.s3_server() as (url, _):
        yield url


@pytest.fixture
def s3(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A plain client; this process uses the server by variables, as a container does."""
    for name, setting in (KEYS | {"AWS_ENDPOINT_URL": address}).items():
        monkeypatch.setenv(name, setting)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield factories_s3.client(address)
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.fixture
def nobody_listens(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - its keys, without its server
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{factories_s3.LOOPBACK}:{factories_s3.free_port()}")


def written(tmp_path, rows=30):
    """A finished file of the shop, and the digest of its content."""
    content, path = ContentDigest(arrow_schema(SHOP)), tmp_path / "accepted.parquet"
    writer = RowGroupWriter(path, arrow_schema(SHOP), 7)
    table = table_of(customers(rows))
    content.update(table)
    for batch in table.to_batches():
        writer.write(batch)
    writer.close(content.hexdigest())
    return path, content.hexdigest()


def stored(tmp_path):
    path, digest = written(tmp_path)
    location = lake.snapshot_location(LAKE, SHOP.name, JUNE, digest)
    lake.store(path, location)
    return path, location


def execute(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


def key_of(location: str) -> str:
    return location.removeprefix(f"s3://{BUCKET}/")


def test_a_partition_has_the_same_digest_and_checksum_in_s3_as_on_files(shop: Settings, server: str, s3: Any) -> None:
    execute(server, "CREATE DATABASE in_s3 TEMPLATE template_scoring")
    url = SecretStr(server.replace("/postgres?", "/in_s3?"))
    in_s3 = shop.model_copy(update={"lake_url": LAKE, "reports": f"s3://{BUCKET}/reports", "database_url": url})
    deliver(shop, [*customers(60), customer(60, spend=-1.0)])
    results = []
    for settings in (shop, in_s3):
        ingest(settings, SHOP, JUNE)
        published(settings, LEAVING)
        snapshot = query(settings, "SELECT digest, received, accepted, quarantined, location FROM scoring.snapshot")[0]
        checksum = value(settings, "SELECT checksum FROM scoring.publication WHERE rows = 60 AND state = 'published'")
        results.append((*snapshot[:-1], checksum))
        assert snapshot.location.startswith(settings.lake)
    execute(server, "DROP DATABASE in_s3 WITH (FORCE)")
    assert results[0] == results[1]
    kept = {one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert f"reports/{SHOP.name}/as_of={JUNE}/validation.html" in kept
    assert f"lake/{SHOP.name}/as_of={JUNE}/{results[1][0]}.parquet" in kept


@pytest.mark.usefixtures("s3")
def test_a_file_in_s3_is_read_by_row_group_and_column(tmp_path: Any) -> None:
    path, location = stored(tmp_path)
    with lake.SnapshotFile(location) as there, lake.SnapshotFile(str(path.rename(local_name(path, location)))) as here:
        assert there.row_groups == here.row_groups == 5
        assert there.read(["spend", "plan"]).equals(here.read(["spend", "plan"]))
        assert there.read_group(4).equals(here.read_group(4))


def test_a_file_that_was_damaged_in_s3_is_found_and_stored_again(tmp_path: Any, s3: Any) -> None:
    path, location = stored(tmp_path)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:200] + bytes(50) + whole[250:], b""):
        s3.put_object(Bucket=BUCKET, Key=key_of(location), Body=damaged)
        with pytest.raises(IntegrityError, match="damaged"), lake.SnapshotFile(location) as file:
            file.read()
        lake.store(path, location)
        with lake.SnapshotFile(location) as file:
            assert file.rows == 30


@pytest.mark.usefixtures("s3")
def test_a_file_that_is_gone_from_s3_says_how_to_get_it_back() -> None:
    with pytest.raises(IntegrityError, match="is gone"):
        lake.SnapshotFile(f"{LAKE}/shop/as_of={JUNE}/{'0' * 64}.parquet")


@pytest.mark.usefixtures("nobody_listens")
def test_a_store_that_does_not_answer_is_worth_another_try(tmp_path: Any) -> None:
    path, digest = written(tmp_path)
    with pytest.raises(TransientError, match="does not take"):
        lake.store(path, lake.snapshot_location(LAKE, SHOP.name, JUNE, digest))
    with pytest.raises(TransientError, match="cannot be read"):
        lake.SnapshotFile(f"{LAKE}/shop/as_of={JUNE}/{digest}.parquet")
    root = ReportsRoot(f"s3://{BUCKET}/reports")
    report = root.report("leaving", JUNE, "drift")
    for use in (
        lambda: root.write(report, PAGE),
        lambda: root.read(report),
        lambda: root.inputs_of(report),
        lambda: root.kept("leaving"),
        lambda: root.forget_old("leaving", 1, NOW),
    ):
        with pytest.raises(TransientError):
            use()


@pytest.mark.usefixtures("s3")
def test_a_store_that_falls_silent_while_a_file_is_read_is_no_damage(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with factories_s3.s3_server() as (url, other):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        _, location = stored(tmp_path)
        with lake.SnapshotFile(location) as file:
            assert file.read_group(0).num_rows == 7
            other.kill()
            other.wait()
            with pytest.raises(TransientError, match="cannot be read"):
                file.read_group(1)


def test_a_bucket_that_is_not_there_is_not_made(tmp_path: Any, s3: Any) -> None:
    path, digest = written(tmp_path)
    with pytest.raises(TransientError, match="does not take"):
        lake.store(path, lake.snapshot_location("s3://compnay/lake", SHOP.name, JUNE, digest))
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == [BUCKET]


@pytest.mark.usefixtures("s3")
def test_reports_in_s3_are_kept_found_replaced_and_forgotten() -> None:
    root = ReportsRoot(f"s3://{BUCKET}/pages")
    reports = [root.report("leaving", as_of, "drift") for as_of in (MAY, JUNE, JULY)]
    for report in reports:
        root.write(report, PAGE)
    root.write(reports[0], PAGE + b" ")
    assert root.kept("leaving") == reports[::-1]
    assert (root.read(reports[0]), root.inputs_of(reports[0])) == (PAGE + b" ", "a" * 64)
    assert root.forget_old("leaving", 2, NOW) == [MAY]
    assert root.kept("leaving") == reports[:0:-1]
    assert root.inputs_of(reports[0]) is None
    assert root.kept("spending") == []


def test_what_another_process_wrote_is_seen_at_once(s3: Any) -> None:
    root = ReportsRoot(f"s3://{BUCKET}/others")
    report = root.report("leaving", JUNE, "drift")
    root.write(root.report("leaving", MAY, "drift"), PAGE)
    assert len(root.kept("leaving")) == 1
    s3.put_object(Bucket=BUCKET, Key=key_of(report.location), Body=PAGE + b"theirs")
    assert root.kept("leaving")[0] == report
    assert root.read(report).endswith(b"theirs")


def test_a_protocol_without_driver_says_what_to_install() -> None:
    with pytest.raises(ConfigurationError, match="requirements-production"):
        located("gs://bucket/lake")


def local_name(path, location):
    return path.with_name(location.rpartition("/")[2])
