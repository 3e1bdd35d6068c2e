"""The local platform's broker keeps what is written to a topic, by key and partition."""

import pytest
from factories_kafka import messages_of, new_topic, produce

from scoring.errors import ConfigurationError
from scoring.settings import KafkaSettings, load_kafka_settings


def test_what_is_written_can_be_read_in_order(broker):
    topic = new_topic(broker, partitions=3)
    produce(broker, topic, [(f"c{number % 5}", str(number).encode()) for number in range(100)])
    found = messages_of(broker, topic)
    assert sorted(int(message.value()) for message in found) == list(range(100))
    for key in {message.key() for message in found}:
        numbers = [int(message.value()) for message in found if message.key() == key]
        assert numbers == sorted(numbers)
        assert len({message.partition() for message in found if message.key() == key}) == 1


def test_the_client_has_the_settings_of_the_environment_and_never_shows_a_password(monkeypatch):
    monkeypatch.setenv("SCORING_KAFKA_SERVERS", "one:9092,two:9092")
    monkeypatch.setenv("SCORING_KAFKA_OPTIONS", '{"security.protocol": "SASL_SSL", "sasl.password": "geheim"}')
    found = load_kafka_settings()
    assert "geheim" not in repr(found)
    assert found.client(group_id="g") == {
        "bootstrap.servers": "one:9092,two:9092", "security.protocol": "SASL_SSL", "sasl.password": "geheim",
        "group.id": "g",
    }  # fmt: skip


def test_without_brokers_it_says_what_to_set():
    with pytest.raises(ConfigurationError, match="SCORING_KAFKA_SERVERS"):
        KafkaSettings().client()


def test_options_that_are_no_json_are_refused_without_being_quoted(monkeypatch):
    monkeypatch.setenv("SCORING_KAFKA_OPTIONS", "sasl.password=geheim")
    with pytest.raises(ConfigurationError, match="SCORING_KAFKA_OPTIONS") as refused:
        load_kafka_settings()
    assert "geheim" not in str(refused.value)
