"""A file is read as one whole version or not at all; nothing temporary stays, no credential is shown."""

import datetime as dt
import subprocess
import sys
import tempfile
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from waiting import PATIENCE

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.errors import ConfigurationError, SourceError, SourceNotReady
from scoring.intake import sources
from scoring.intake.sources.location import resolve, shown, suffix_of
from scoring.intake.sources.spool import View, spooled

AS_OF = dt.date(2005, 6, 30)
PEOPLE = DataSet(
    name="people",
    title="People",
    key="id",
    columns=(Column(name="id", type="text"), Column(name="age", type="integer")),
    source=CsvSource(path="people_{as_of}.csv"),
)
CONTENT = b"id,age\n" + b"0001,36\n" * 500_000


class Disturbed(LocalFileSystem):
    """A real local file system on which ``disturb`` happens to a file after its first byte was read."""

    protocol = "disturbed"
    disturb = staticmethod(Path.stat)

    def open(self, path, mode="rb", **kwargs):
        file = super().open(path, mode, **kwargs)
        file.read(1)
        file.seek(0)
        self.disturb(Path(self._strip_protocol(path)))
        return file


@pytest.fixture
def disturbed():
    fsspec.register_implementation("disturbed", Disturbed, clobber=True)
    return Disturbed


def read(inbox, path=None) -> int:
    with sources.read(PEOPLE, AS_OF, inbox=str(inbox), source_urls={}, path=path, batch_rows=1000) as received:
        return sum(batch.num_rows for batch in received.batches)


def replace(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(CONTENT)
    other.replace(path)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"0002,40\n")


@pytest.mark.parametrize("disturb", [replace, append, Path.unlink], ids=["replaced", "appended to", "removed"])
@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
def test_a_file_that_changes_while_being_read_gives_no_row(tmp_path, disturbed, disturb, name):
    (tmp_path / name).write_bytes(CONTENT if name.endswith(".csv") else b"\x1f\x8b half of another version")
    disturbed.disturb = staticmethod(disturb)
    opened = sources.read(PEOPLE, AS_OF, inbox="", source_urls={}, path=f"disturbed://{tmp_path}/{name}", batch_rows=9)
    problem = "is not there" if disturb is Path.unlink else "replaced while being read"
    with pytest.raises(SourceNotReady, match=f"{name}: .*{problem}.* Remedy: "), opened:
        pytest.fail("nothing may be received")


def test_a_missing_file_is_not_ready_and_named(tmp_path):
    with pytest.raises(SourceNotReady, match=r"people_2005-06-30\.csv: The file is not there.*SCORING_INBOX"):
        read(tmp_path)


def test_a_directory_is_refused(tmp_path):
    (tmp_path / "people_2005-06-30.csv").mkdir()
    with pytest.raises(SourceError, match="is a directory"):
        read(tmp_path)


def test_an_unknown_protocol_is_a_matter_of_configuration_and_shows_no_password():
    with pytest.raises(ConfigurationError, match="fsspec driver") as caught:
        read("carrier-pigeon://ann:secret@loft")
    assert "secret" not in str(caught.value)
    assert "carrier-pigeon://loft/people_2005-06-30.csv" in str(caught.value)


def test_an_unreachable_server_is_not_ready_and_shows_no_password():
    with pytest.raises(SourceNotReady, match="its server does not answer") as caught:
        read("http://ann:secret@127.0.0.1:1")
    assert "secret" not in str(caught.value)


class Unequipped(LocalFileSystem):
    """A file system whose driver is there, but not the library that it needs in the end."""

    protocol = "unequipped"

    def open(self, *_arguments, **_options):
        raise ImportError("No module named 'lz77'")


def test_a_missing_library_is_permanent_and_tells_what_to_install_and_where(tmp_path):
    fsspec.register_implementation("unequipped", Unequipped, clobber=True)
    (tmp_path / "people.csv").write_bytes(CONTENT[:100])
    with pytest.raises(ConfigurationError, match="Install the fsspec driver") as caught:
        read(tmp_path, f"unequipped://{tmp_path}/people.csv")
    assert "'lz77'" in str(caught.value)
    caught.value.read_in_airflow = True
    assert "on the workers" in str(caught.value)


@pytest.mark.parametrize("inbox", ["/nowhere", "http://127.0.0.1:1"])
def test_a_file_that_is_not_there_tells_in_airflow_whose_setting_it_is(inbox):
    with pytest.raises(SourceNotReady) as caught:
        read(inbox)
    caught.value.read_in_airflow = True
    assert "SCORING_INBOX of the workers" in str(caught.value)


def test_a_full_or_missing_temporary_directory_is_worth_another_try_once_there_is_room(tmp_path):
    (tmp_path / "people_2005-06-30.csv").write_bytes(CONTENT)
    script = (
        "import resource, signal, sys\n"
        "from scoring.errors import TransientError\n"
        "from scoring.intake.sources.spool import spooled\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))\n"
        "try:\n"
        "    with spooled(sys.argv[1]): print('read')\n"
        "except TransientError as error: print(error)\n"
    )
    for limit in ("1000", str(len(CONTENT) - 1)):
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "people_2005-06-30.csv"), limit],
            capture_output=True, text=True, check=True, timeout=PATIENCE,
        )  # fmt: skip
        assert "The temporary directory cannot take a copy of the source (File too large)" in done.stdout, done
        assert "TMPDIR" in done.stdout


def test_the_temporary_copy_has_no_name_and_is_gone_after_success_and_error(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    (tmp_path / "people_2005-06-30.csv").write_bytes(CONTENT)
    with spooled(str(tmp_path / "people_2005-06-30.csv")) as file:
        assert View(file).readall() == CONTENT
        assert list(scratch.iterdir()) == []
    assert file.closed
    (tmp_path / "people_2005-06-30.csv").write_bytes(CONTENT + b"0002,old\n")
    with pytest.raises(SourceError, match="row 500001"):
        read(tmp_path)
    assert list(scratch.iterdir()) == []


def test_leaving_early_ends_the_reading(tmp_path):
    (tmp_path / "people_2005-06-30.csv").write_bytes(CONTENT)
    with sources.read(PEOPLE, AS_OF, inbox=str(tmp_path), source_urls={}, path=None, batch_rows=10) as received:
        next(received.batches)
    with pytest.raises(StopIteration):
        next(received.batches)


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("/data/a@b:c/people.csv", "/data/a@b:c/people.csv"),
        ("s3://bucket/a@b.csv", "s3://bucket/a@b.csv"),
        ("s3://KEY:secret@bucket/people.csv", "s3://bucket/people.csv"),
        ("s3://KEY:sec/ret@bucket/people.csv", "s3://bucket/people.csv"),
        ("https://ann:secret@host:8443/a@b.csv", "https://host:8443/a@b.csv"),
        ("https://host:8443/a@b.csv?X-Amz-Signature=secret", "https://host:8443/a@b.csv"),
        ("simplecache::https://ann:secret@host/people.csv", "simplecache::https://host/people.csv"),
        ("sftp://ann@host/people.csv#x", "sftp://host/people.csv#x"),
    ],
)
def test_a_shown_name_has_no_credential(location, name):
    assert shown(location) == name


@pytest.mark.parametrize(
    ("path", "inbox", "location"),
    [
        ("a_{as_of}.csv", "/inbox", "/inbox/a_2005-06-30.csv"),
        ("a_{as_of}.csv", "s3://bucket/inbox/", "s3://bucket/inbox/a_2005-06-30.csv"),
        ("/other/a.csv", "s3://bucket/inbox", "/other/a.csv"),
        ("s3://bucket/{as_of}/a{x}.csv", "/inbox", "s3://bucket/2005-06-30/a{x}.csv"),
    ],
)
def test_relative_paths_start_at_the_inbox(path, inbox, location):
    assert resolve(path, AS_OF, inbox) == location


@pytest.mark.parametrize(
    ("location", "suffix"),
    [
        ("/a/b_2005-06-30.CSV.GZ", ".csv"),
        ("/a/b.parquet.zst", ".parquet"),
        ("/a/b.zip", ".zip"),
        ("https://host/a.csv?version=2.0", ".csv"),
        ("/a.b/c", ""),
        ("/a/x.v1.parquet", ".parquet"),
    ],
)
def test_the_ending_of_a_file_is_that_of_its_name(location, suffix):
    assert suffix_of(location) == suffix
