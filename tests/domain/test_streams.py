"""What a definition may say of a stream, and that it changes no digest."""

import pytest
from pydantic import ValidationError
from shop_definitions import LEAVING, SHOP

from scoring.catalog import load_catalog
from scoring.domain.streams import KafkaStream


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"topic": "a topic"}, "no name of a topic"),
        ({"topic": ""}, "no name of a topic"),
        ({"topic": ".."}, "no name of a topic"),
        ({"topic": "x" * 241}, "no name of a topic"),
        ({"topic": "shop.dead"}, "is a topic of dead letters"),
        ({"topic": "shop", "schedule": "often"}, "schedule"),
        ({"topic": "shop", "start": "middle"}, "start"),
    ],
)
def test_what_cannot_be_a_stream_is_named(given, reason):
    with pytest.raises(ValidationError, match=reason):
        KafkaStream(**given)


def test_a_stream_has_a_topic_of_dead_letters():
    assert KafkaStream(topic="shop.updates").dead_letters == "shop.updates.dead"
    assert KafkaStream(topic="x" * 240, schedule="*/5 * * * *").schedule == "*/5 * * * *"


def test_a_stream_changes_no_digest():
    streamed = SHOP.model_copy(update={"stream": KafkaStream(topic="shop")})
    assert streamed.digest == SHOP.digest
    assert LEAVING.model_copy(update={"streamed": True}).digest == LEAVING.digest


DEFINITIONS = """
from shop_definitions import LEAVING, SHOP
from scoring.domain.streams import KafkaStream

PLAIN = SHOP.model_copy(update={{"name": "plain"}})
SCORE = LEAVING.model_copy(update={{"name": "gone", "data_set": "plain", "streamed": True}})
OTHER = SHOP.model_copy(update={{"name": "stream_plain"}})
STREAMED = SHOP.model_copy(update={{"name": "{name}", "stream": KafkaStream(topic="shop")}})
"""


def test_a_score_is_streamed_only_if_its_data_set_is(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "unstreamed_shop.py").write_text(DEFINITIONS.format(name="other"))
    catalog = load_catalog("unstreamed_shop")
    assert [(one.field, one.reason) for one in catalog.problems] == [("streamed", "'plain' has no stream")]
    assert catalog.streams == ("other",)


def test_two_data_sets_do_not_share_the_id_of_a_dag(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "clashing_shop.py").write_text(
        DEFINITIONS.format(name="x").replace('"plain"}', '"x"}').replace("stream_plain", "stream_y")
        .replace('"name": "x", "stream"', '"name": "y", "stream"')
    )  # fmt: skip
    catalog = load_catalog("clashing_shop")
    assert "y" not in catalog.data_sets
    assert any("give one of them another name" in one.reason for one in catalog.problems)
