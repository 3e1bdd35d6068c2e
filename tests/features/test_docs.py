"""The example of docs/derived-features.md works as it stands."""

import csv
import datetime as dt
import json
import re
import sys

import numpy as np
import pytest
from factories import published, query
from pydantic import SecretStr

from scoring.catalog import load_catalog
from scoring.intake.ingest import ingest
from scoring.learning.train import train
from scoring.publishing.passport import lines, passport, recompute
from scoring.settings import PROJECT

PAGE = (PROJECT / "docs" / "derived-features.md").read_text()
DATES = [dt.date(2026, 4, 30), dt.date(2026, 5, 31), dt.date(2026, 6, 30), dt.date(2026, 7, 31)]


@pytest.fixture
def readers(settings, tmp_path, monkeypatch):
    """An installation with the definitions of the page, and four months of readers."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "documented_readers.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    suite = settings.expectations_dir / "expectations" / "readers.json"
    suite.write_text(json.dumps({"name": "readers", "expectations": []}))
    found = settings.model_copy(
        update={
            "definitions": "documented_readers",
            "mlflow_tracking_uri": SecretStr(f"sqlite:///{tmp_path / 'own.db'}"),
        }
    )
    random = np.random.default_rng(0)
    for place, as_of in enumerate(DATES):
        with (tmp_path / "inbox" / f"readers_{as_of}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["reader_id", "complaints", "price", "cancelled"])
            for number in range(10 * place, 300):
                complaints = int(random.integers(0, 4))
                left = str(random.random() < 0.1 + 0.2 * complaints).lower()
                writer.writerow([f"{number:08d}", complaints, 10.0 + place + number % 3, left])
        ingest(found, load_catalog("documented_readers").data_set("readers"), as_of)
    yield found
    sys.modules.pop("documented_readers", None)


def test_the_example_is_trained_and_published_and_its_passport_says_where_it_looked(readers):
    catalog = load_catalog(readers.definitions)
    assert not catalog.problems
    score = catalog.score("leaving_reader")
    train(readers, score, DATES[2])
    published(readers, score, DATES[3])
    found = passport(readers, score.name, "00000042")
    assert recompute(readers, found) == pytest.approx(found.row.value, abs=1e-9)
    said = [name for name, _ in lines(found)]
    assert [name for name in said if "before" in name] == [f"snapshot {period} before" for period in (1, 2, 3)]
    assert len({row.value for row in query(readers, "SELECT value FROM scoring.published_score")}) > 5
