"""A person who only has the trigger form reads below the inbox and the listed roots, and nowhere else."""

from pathlib import Path

import pytest
from factories import JUNE, customers, write_csv
from hypothesis import given
from hypothesis import strategies as st
from shop_definitions import SHOP
from typer.testing import CliRunner

from scoring.domain.dataset import CsvSource
from scoring.errors import SourceError
from scoring.intake.ingest import ingest
from scoring.intake.sources.roots import confined

ROOTS = (
    "simplecache::/no/url",
    "s3://bucket/in",
    "https://host:8443/files/",
    "simplecache::s3://packed/in",
    "gs://whole",
)

ALLOWED = [
    "s3://bucket/in/x.csv",
    "S3://bucket/in/a/b/x.csv",
    "s3://bucket/in/a/../x.csv",
    "s3://bucket/./in//x.csv",
    "https://HOST:8443/files/x.csv?signature=1",
    "https://host:8443/files/%61.csv",
    "simplecache::s3://packed/in/x.csv",
    "gs://whole/anything.csv",
]
REFUSED = [
    "s3://bucket/inside.csv",
    "s3://bucket/x.csv",
    "s3://bucket/in/../x.csv",
    "s3://bucket/in/%2e%2e/x.csv",
    "s3://bucket/in/%252e%252e/x.csv",
    "s3://other/in/x.csv",
    "s3://user:pw@bucket/in/x.csv",
    "s3a://bucket/in/x.csv",
    "https://host:8443@evil/files/x.csv",
    "https://host:8443\\@evil/files/x.csv",
    "https://host/files/x.csv",
    "https://host:8443.evil/files/x.csv",
    "http://host:8443/files/x.csv",
    "https://host:8443/files/../secret.csv",
    "https://host:8443/\tfiles/x.csv",
    "https://[host/files/x.csv",
    "https://169.254.169.254/latest/meta-data",
    "simplecache::https://host:8443/files/x.csv",
    "simplecache::s3://bucket/in/x.csv",
    "s3://packed/in/x.csv",
    "zip://x.csv::s3://bucket/in/x.zip",
    "zip://x.csv::/etc/x.zip",
    "simplecache::/etc/passwd",
    "memory://x.csv",
    "/etc/passwd",
    "file:///etc/passwd",
    "local:///etc/passwd",
    "FILE:///etc/passwd",
    "~/x.csv",
    "/s3:/bucket/in/x.csv",
    "relative/x.csv",
    "/x\0.csv",
]


@pytest.mark.parametrize("location", ALLOWED)
def test_what_is_below_a_root_may_be_read(location):
    assert confined(location, ROOTS) == location


@pytest.mark.parametrize("location", REFUSED)
def test_what_is_not_below_a_root_may_not(location):
    with pytest.raises(SourceError, match="neither below the inbox nor below a listed root") as caught:
        confined(location, ROOTS)
    assert "SCORING_SOURCE_ROOTS" in caught.value.remedy
    assert "pw@" not in str(caught.value)


@pytest.fixture
def tree(tmp_path):
    for name in ("inbox/sub", "inbox2", "mount", "outside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "outside" / "x.csv").write_text("secret")
    (tmp_path / "inbox" / "link.csv").symlink_to(tmp_path / "outside" / "x.csv")
    (tmp_path / "inbox" / "door").symlink_to(tmp_path / "outside")
    (tmp_path / "inbox" / "mounted").symlink_to(tmp_path / "mount")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("inbox/x.csv", True),
        ("inbox/sub/../x.csv", True),
        ("inbox/sub/x.csv", True),
        ("mount/x.csv", True),
        ("inbox/mounted/x.csv", True),
        ("inbox2/x.csv", False),
        ("inbox/../outside/x.csv", False),
        ("inbox/link.csv", False),
        ("inbox/door/x.csv", False),
        ("inbox/door/../x.csv", False),  # the parent of where the link leads to
        ("outside/x.csv", False),
    ],
)
@pytest.mark.parametrize("protocol", ["", "file://", "local://"])
def test_links_and_dots_are_resolved_before_a_local_place_is_judged(tree, path, allowed, protocol):
    location, roots = f"{protocol}{tree}/{path}", (str(tree / "inbox"), f"file://{tree}/mount")
    if allowed:
        assert confined(location, roots) == str((tree / path).resolve())
    else:
        with pytest.raises(SourceError):
            confined(location, roots)


def test_an_empty_root_allows_nothing_and_the_root_of_all_allows_all(tree):
    with pytest.raises(SourceError):
        confined(str(Path.cwd() / "x.csv"), ("",))
    assert confined(f"{tree}/outside/x.csv", ("/",)) == f"{tree}/outside/x.csv"


@given(steps=st.lists(st.sampled_from(["..", ".", "a", "in", "%2e%2e", "", "%2F.."]), max_size=8))
def test_no_way_of_writing_a_path_leaves_its_root(steps):
    location = "s3://bucket/in/" + "/".join(steps)
    depth = 1
    for step in "/".join(steps).replace("%2e", ".").replace("%2F", "/").split("/"):
        if step == "..":
            depth = max(0, depth - 1)
        elif step not in ("", "."):
            depth += 1
        if depth == 0:
            break  # it left the root, wherever it goes then it is refused or back in "in"
    try:
        confined(location, ("s3://bucket/in",))
    except SourceError:
        assert depth == 0
    else:
        assert depth > 0 or "in" in steps


def test_the_form_reads_nothing_outside_and_says_where_it_may(shop, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("root:x:0:0\n")
    with pytest.raises(SourceError, match="neither below") as caught:
        ingest(shop, SHOP, JUNE, path=str(secret))
    assert "root:x" not in str(caught.value)
    with pytest.raises(SourceError, match="neither below"):
        ingest(shop, SHOP, JUNE, path="../secret.csv")
    with pytest.raises(SourceError, match="neither below"):
        ingest(shop, SHOP, JUNE, path=str(tmp_path / "not there.csv"))  # nor what is there and what not


def test_the_form_reads_the_inbox_and_listed_roots_and_the_definition_is_not_bound(shop, tmp_path):
    write_csv(tmp_path / "inbox" / "other.csv", customers(3))
    assert ingest(shop, SHOP, JUNE, path="other.csv").accepted == 3
    (tmp_path / "mount").mkdir()
    write_csv(tmp_path / "mount" / "other.csv", customers(4))
    listed = shop.model_copy(update={"source_roots": (str(tmp_path / "mount"),)})
    assert ingest(listed, SHOP, JUNE, path=str(tmp_path / "mount" / "other.csv")).accepted == 4
    source = CsvSource(path=str(tmp_path / "mount" / "other.csv"))
    assert ingest(shop, SHOP.model_copy(update={"source": source}), JUNE).accepted == 4


def test_the_command_line_reads_any_file_for_its_user_could_read_it_without_us(shop, tmp_path, monkeypatch):
    from scoring.cli import app

    other = write_csv(tmp_path / "elsewhere.csv", customers(3))
    monkeypatch.setenv("SCORING_DATABASE_URL", shop.database())
    monkeypatch.setenv("SCORING_HOME", str(shop.home))
    monkeypatch.setenv("SCORING_INBOX", shop.inbox)
    monkeypatch.setenv("SCORING_DEFINITIONS", shop.definitions)
    monkeypatch.setenv("SCORING_EXPECTATIONS_DIR", str(shop.expectations_dir))
    done = CliRunner().invoke(app, ["ingest", "shop", "--as-of", "2024-06-30", "--path", str(other)])
    assert "accepted 3" in done.output, done
