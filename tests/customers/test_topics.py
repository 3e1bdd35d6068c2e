"""A person who is forgotten leaves the topics, too: the last message of their key is a tombstone."""

import pytest
from confluent_kafka.admin import AdminClient
from factories import JUNE, customers, published_rows
from factories_kafka import new_topic
from factories_topics import events_of, last_of_each, make_topic
from ports import free_port
from shop_definitions import SHOP, SPENDING

from scoring.customers.held import held, subject_of
from scoring.customers.topics import Topics
from scoring.database import transaction
from scoring.delivery import topics
from scoring.delivery.adapters.kafka import Kafka
from scoring.delivery.notify import notify
from scoring.errors import TransientError
from scoring.settings import KafkaSettings


@pytest.fixture
def told(shop, broker):
    """Five customers in a topic; gives the topic."""
    pattern = f"{new_topic(broker)}.{{score}}"
    topic = pattern.replace("{score}", "spending")
    make_topic(AdminClient({"bootstrap.servers": broker}), topic)
    with transaction(shop.database()) as connection:
        topics.add(connection, "stream", topic=pattern)
    published_rows(shop, SPENDING, customers(5), JUNE)
    notify(shop.database(), Kafka(KafkaSettings(servers=broker), pattern), "stream")
    return topic


def test_after_a_tombstone_compaction_leaves_everybody_else(shop, broker, told):
    everybody = last_of_each(events_of(broker, told))
    person = min(everybody)
    subject = subject_of(shop, SHOP, person)
    assert any("The endpoint stream was told 1 times" in one for one in held(subject).elsewhere)
    place = Topics(lambda: KafkaSettings(servers=broker))
    assert place.find(subject) == []
    assert place.erase(subject) == 1, "the other score of the data set has no topic"
    assert last_of_each(events_of(broker, told)) == {key: one for key, one in everybody.items() if key != person}


@pytest.mark.usefixtures("told")
def test_while_brokers_are_away_an_erasure_is_not_done(shop):
    subject = subject_of(shop, SHOP, "c1")
    place = Topics(lambda: KafkaSettings(servers=f"127.0.0.1:{free_port()}"), patience=1.0)
    with pytest.raises(TransientError, match="still be in topics of the endpoint stream: no broker took it"):
        place.erase(subject)


def test_without_topics_no_brokers_are_asked_for(shop):
    assert Topics(lambda: pytest.fail("asked")).erase(subject_of(shop, SHOP, "c1")) == 0
