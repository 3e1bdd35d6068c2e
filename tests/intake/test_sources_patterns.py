"""A pattern means the files that Python's own glob finds, but for names that begin with _ or a dot."""

import glob
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.intake.sources.patterns import fits, leads, split

NAMES = st.sampled_from(["a", "ab", "b.csv", "part-1.csv", "day=1", "[x]", "a?"])
PATTERNS = st.sampled_from(["*", "**", "a*", "*b", "part-*.csv", "b.csv", "day=*", "a*b*", "[x]", "a?"])
TREES = st.lists(st.lists(NAMES, min_size=1, max_size=4).map(tuple), min_size=1, max_size=8)


@settings(max_examples=60)
@given(tree=TREES, pattern=st.lists(PATTERNS, min_size=1, max_size=4).map(tuple))
def test_a_pattern_means_what_glob_finds_and_no_folder_that_leads_there_is_left_out(tree, pattern):
    with tempfile.TemporaryDirectory() as folder:
        for names in tree:
            file = Path(folder, *names)
            if not any(parent.is_file() for parent in file.parents) and not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("")
        files = {path.relative_to(folder).parts for path in Path(folder).rglob("*") if path.is_file()}
        pattern = (*pattern, "*") if pattern[-1] == "**" else pattern
        literal = [name if "*" in name else glob.escape(name) for name in pattern]
        found = glob.glob("/".join(literal), root_dir=folder, recursive=True)  # noqa: PTH207 - pathlib's * means .x, too
        expected = {Path(one).parts for one in found if Path(folder, one).is_file()}
    assert {names for names in files if fits(names, pattern)} == expected
    for names in expected:
        assert all(leads(names[:depth], pattern) for depth in range(len(names)))


@pytest.mark.parametrize(
    ("names", "pattern", "fit"),
    [
        (("_SUCCESS",), ("*",), False),
        ((".part.crc",), ("*",), False),
        (("_SUCCESS",), ("_*",), True),
        (("_temporary", "part"), ("**", "*"), False),
        (("a", "_temporary", "part"), ("**", "*"), False),
        (("_temporary", "part"), ("_temporary", "*"), True),
        (("a",), ("a", "*"), False),
        (("a", "b"), ("*",), False),
        (("a\nb",), ("a*",), True),
    ],
)
def test_names_that_writers_keep_for_themselves_are_meant_only_when_written(names, pattern, fit):
    assert fits(names, pattern) is fit


@pytest.mark.parametrize(
    ("names", "pattern", "look"),
    [
        ((), ("x.csv",), True),
        (("a",), ("x.csv",), False),
        (("a",), ("a", "x.csv"), True),
        (("b",), ("a", "x.csv"), False),
        (("a", "b"), ("a", "x.csv"), False),
        (("a", "b"), ("**", "x.csv"), True),
        (("_temporary",), ("**", "x.csv"), False),
    ],
)
def test_only_folders_that_may_lead_to_a_file_are_looked_at(names, pattern, look):
    assert leads(names, pattern) is look


@pytest.mark.parametrize(
    ("location", "folder", "pattern"),
    [
        ("/in/as_of=2005-06-30/part-*.parquet", "/in/as_of=2005-06-30/", ("part-*.parquet",)),
        ("s3://bucket/in/**/x.csv", "s3://bucket/in/", ("**", "x.csv")),
        ("/in/people/", "/in/people/", ("**", "*")),
        ("/in/a*/**", "/in/", ("a*", "**", "*")),
        ("/in/region=*/", "/in/", ("region=*", "**", "*")),
        ("*.csv", "", ("*.csv",)),
        ("/in/x.csv", "/in/", ("x.csv",)),
    ],
)
def test_a_location_is_a_folder_and_the_names_in_it(location, folder, pattern):
    assert split(location) == (folder, pattern)
