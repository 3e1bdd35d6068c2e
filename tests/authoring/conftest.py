"""An installation with a folder of definitions and of suites of its own, in which data sets are begun."""

import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from scoring.settings import PROJECT, Settings

_number = itertools.count(1)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Settings whose definitions are an empty package of a name that no other test has, and the inbox."""
    package, root = f"begun_{next(_number)}_{tmp_path.name.replace('-', '_')}", tmp_path / "begun"
    inbox = root / "inbox"
    for folder in (root / package, root / "suites", inbox):
        folder.mkdir(parents=True)
    (root / package / "__init__.py").write_text("")
    yml = "great_expectations.yml"
    (root / "suites" / yml).write_text((PROJECT / "great_expectations" / yml).read_text())
    monkeypatch.syspath_prepend(str(root))
    settings = Settings(home=root / "var", definitions=package, expectations_dir=root / "suites", inbox=str(inbox))
    return SimpleNamespace(settings=settings, inbox=inbox, definitions=root / package)


@pytest.fixture
def put(place: SimpleNamespace) -> Callable[[str, bytes | str], Path]:
    """Puts a file into the inbox."""

    def write(name: str, content: bytes | str) -> Path:
        path = place.inbox / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
