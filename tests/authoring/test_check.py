"""All that is wrong with a data set is found at once, and nothing is recorded."""

import datetime as dt

import pytest
from factories import JULY, JUNE, customers, deliver, query, register
from shop_definitions import SHOP, SPENDING

from scoring.authoring.check import Wanted, check
from scoring.authoring.newest import newest_of
from scoring.domain.dataset import CsvSource
from scoring.settings import KafkaSettings


def found(settings, name="shop", **given):
    return {(one.level, one.about): one.said for one in check(settings, Wanted(name, **given))}


def test_what_is_right_is_said_and_nothing_recorded(shop):
    deliver(shop, customers(20))
    seen = found(shop)
    assert {level for level, _ in seen} == {"ok"}
    assert "received 20 = accepted 20 + quarantined 0 + duplicates 0" in seen["ok", "source of shop"]
    assert "Version 1 scores 20 of these rows" in seen["ok", "model of spending"]
    assert "It makes a LinearRegression" in seen["ok", "estimator of spending"]
    assert seen["ok", "database"].startswith("It answers; its schema is at ")
    assert query(shop, "SELECT FROM scoring.snapshot") == []


def test_a_score_without_a_model_is_no_mistake_but_said(shop, settings):
    deliver(shop, customers(2))
    seen = found(shop.model_copy(update={"mlflow_tracking_uri": settings.mlflow_tracking_uri}))
    assert "There is no model yet. Train one: `scoring train leaving" in seen["warning", "model of leaving"]


def test_a_model_that_does_not_fit_the_definition_any_more_is_said(shop, settings):
    deliver(shop, customers(2))
    own = {name: getattr(settings, name) for name in ("mlflow_tracking_uri", "mlflow_artifacts")}
    given = shop.model_copy(update=own)  # the other one is shared
    register(given, SPENDING.model_copy(update={"features": ("spend", "mood")}))
    assert "does not fit its model" in found(given)["error", "model of spending"]


def test_rows_that_would_be_quarantined_and_a_partition_that_would_be_stopped_are_said(shop):
    rows = [*customers(20), *customers(1)]
    rows[3] = rows[3] | {"plan": "gold"}
    deliver(shop, rows)
    seen = found(shop)
    assert "received 21 = accepted 19 + quarantined 1 + duplicates 1" in seen["ok", "source of shop"]
    assert "1 row breaks" in seen["warning", "source of shop"]
    deliver(shop, [row | {"plan": "gold"} for row in customers(20)])
    assert "20 of 20 rows (100.00%) are quarantined" in found(shop)["error", "source of shop"]


def test_a_file_that_cannot_be_read_does_not_hide_what_else_is_wrong(shop):
    deliver(shop, customers(3)).write_text("customer_id,spend\n1,much\n")
    seen = found(shop.model_copy(update={"expectations_dir": shop.home}))
    assert "There is no" in seen["error", "suite of shop"]
    assert ("ok", "model of spending") in seen
    assert "The header lacks" in found(shop)["error", "source of shop"]


def test_the_newest_file_is_read_unless_another_is_named(shop):
    deliver(shop, customers(2), JUNE)
    deliver(shop, customers(3), JULY)
    assert "received 3 " in found(shop)["ok", "source of shop"]
    assert "received 2 " in found(shop, as_of=JUNE)["ok", "source of shop"]
    assert "received 2 " in found(shop, path=f"shop_{JUNE}.csv")["ok", "source of shop"]


def test_a_data_set_that_there_is_not_is_said(shop):
    seen = found(shop, "shops")
    assert list(seen) == [("error", "definitions"), ("ok", "database")]
    assert "There is no data set 'shops'" in seen["error", "definitions"]


def test_without_a_database_only_the_definition_its_suite_and_a_file_are_looked_at(shop):
    deliver(shop, customers(2))
    assert {about for _, about in found(shop, installed=False)} == {
        "definitions", "suite of shop", "source of shop", "estimator of leaving", "estimator of spending",
    }  # fmt: skip


def test_brokers_that_do_not_answer_are_said(shop):
    name = "streamed_shop"
    given = shop.model_copy(update={"definitions": name})
    seen = found(given, kafka=KafkaSettings(servers="127.0.0.1:1"))
    assert "The brokers do not answer" in seen["error", "stream of shop"]


@pytest.mark.parametrize(
    ("path", "files", "newest"),
    [
        ("a_{as_of}.csv", ["a_2024-06-30.csv", "a_2024-07-31.csv", "b_2025-01-01.csv"], "2024-07-31"),
        ("a/as_of={as_of}/x.csv", ["a/as_of=2024-06-30/x.csv"], "2024-06-30"),
        ("a_{as_of}.csv", ["a_2024-13-45.csv", "a_xxxx-xx-xx.csv"], None),
        ("a.csv", ["a.csv"], None),
        ("a/as_of={as_of}/*.csv", ["a/as_of=2024-06-30/x.csv", "a/as_of=2024-07-31/_x.csv"], "2024-06-30"),
        ("a/as_of={as_of}/", ["a/as_of=2024-06-30/b/x.csv", "a/as_of=2024-07-31/_SUCCESS"], "2024-06-30"),
        ("**/{as_of}/x.csv", ["a/b/2024-06-30/x.csv", "2024-05-31/x.csv"], "2024-06-30"),
        ("s3://bucket/a_{as_of}.csv", [], None),
    ],
)
def test_the_newest_file_is_told_by_its_name(path, files, newest, tmp_path):
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    data_set = SHOP.model_copy(update={"source": CsvSource(path=path)})
    assert newest_of(data_set, str(tmp_path)) == (dt.date.fromisoformat(newest) if newest else None)


def test_the_newest_partition_is_one_that_is_complete(tmp_path):
    source = CsvSource(path="{as_of}/*.csv", wait_for="_SUCCESS")
    for date in (JUNE, JULY):
        (tmp_path / str(date)).mkdir()
        (tmp_path / str(date) / "x.csv").touch()
    data_set = SHOP.model_copy(update={"source": source})
    assert newest_of(data_set, str(tmp_path)) is None
    (tmp_path / str(JUNE) / "_SUCCESS").touch()
    assert newest_of(data_set, str(tmp_path)) == JUNE


def test_a_transform_is_tried_on_parts_of_the_rows(shop):
    deliver(shop, customers(20))
    given = shop.model_copy(update={"definitions": "derived_shop"})
    assert "what it gives the whole" in found(given)["ok", "transform of leaving"]
    impure = shop.model_copy(update={"definitions": "derived_impurely"})
    assert "It looks at more than a customer's own row" in found(impure)["error", "transform of leaving"]


def test_without_a_suite_it_is_said_that_the_source_was_not_read(shop):
    deliver(shop, customers(2))
    seen = found(shop.model_copy(update={"expectations_dir": shop.home}))
    assert seen["warning", "source of shop"] == "It was not read: that needs a suite."


def test_a_definition_that_is_wrong_is_told_once(shop, tmp_path, monkeypatch):
    (tmp_path / "wrongly").mkdir()
    (tmp_path / "wrongly" / "__init__.py").write_text(
        "from shop_definitions import SHOP\nSHOP = type(SHOP)(**(dict(SHOP) | {'key': 'nobody'}))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    wanted = Wanted("shop", installed=False)
    said = [one.said for one in check(shop.model_copy(update={"definitions": "wrongly"}), wanted)]
    assert len(said) == 1
    assert "'nobody' is not among the columns" in said[0]
