"""What a source may say about its files, and what not."""

import pytest
from pydantic import ValidationError

from scoring.domain.dataset import CsvSource, ParquetSource
from scoring.domain.files import means_many


@pytest.mark.parametrize(
    ("path", "many"), [("x_{as_of}.csv", False), ("s3://bucket/x/", True), ("x/*.csv", True), ("**/x.csv", True)]
)
def test_a_folder_or_a_pattern_means_many_files(path, many):
    assert means_many(path) is many


@pytest.mark.parametrize("kind", [CsvSource, ParquetSource])
@pytest.mark.parametrize(
    "fields",
    [
        {"path": "in/{as_of}/", "manifest": "files_{as_of}.txt", "wait_for": "done/_SUCCESS"},
        {"path": "in/**/day={as_of}/x*y.csv", "wait_for": "..x"},
        {"path": "in/x.csv", "wait_for": "x.done"},
    ],
)
def test_a_marker_and_a_manifest_are_below_the_folder(kind, fields):
    assert kind(**fields).model_dump(include=fields.keys()) == fields


@pytest.mark.parametrize("kind", [CsvSource, ParquetSource])
@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"path": "in/*.csv", "manifest": "files.txt"}, "path: with a manifest it is the folder of the files"),
        ({"path": "in/x**/a.csv"}, r"path: \*\* stands for folders and alone between two /"),
        ({"path": "in/", "wait_for": "/_SUCCESS"}, "wait_for: '/_SUCCESS' is not below the folder of the files"),
        ({"path": "in/", "wait_for": "a/../../x"}, r"wait_for: 'a/../../x' is not below"),
        ({"path": "in/", "manifest": "s3://other/files"}, "manifest: 's3://other/files' is not below"),
        ({"path": "in/{day}/"}, "path\n.*{day} is not filled in"),
        ({"path": "in/", "wait_for": "{day}"}, "wait_for\n.*{day} is not filled in"),
        ({"path": "in/", "manifest": "{day}"}, "manifest\n.*{day} is not filled in"),
    ],
)
def test_what_could_not_be_meant_is_refused_with_the_field(kind, fields, problem):
    with pytest.raises(ValidationError, match=problem):
        kind(**fields)
