"""Dead letters when the broker fails."""

import pytest
from confluent_kafka import KafkaError
from factories import query
from factories_mock_broker import INIT_PRODUCER_ID, PRODUCE, mock_cluster

from scoring.database import connect
from scoring.domain.streams import KafkaStream
from scoring.settings import KafkaSettings
from scoring.streaming import refusals
from scoring.streaming.dead import DeadLetters
from scoring.streaming.message import Broken, Message
from scoring.streaming.reading import Refusal

BROKEN = (Broken("the value is JSON by the published schema"),)
STREAM = KafkaStream(topic="updates")
NOT_SENT = "SELECT message_offset FROM scoring.stream_refusal WHERE dead_lettered_at IS NULL ORDER BY message_offset"


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (INIT_PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED),
        (PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER),
        (PRODUCE, KafkaError.INVALID_PRODUCER_EPOCH),
    ],
)
def test_an_error_that_ends_the_producer_loses_no_dead_letter_the_next_try_has_another(loaded, request_, error):
    refused = [
        Refusal(Message(0, offset, b"c0001", b"{}", None), "c0001", BROKEN, "no record of a customer")
        for offset in range(3)
    ]
    with mock_cluster() as cluster, connect(loaded.database()) as connection:
        cluster.topic(STREAM.dead_letters)
        with connection:
            refusals.add(connection, "shop", STREAM.topic, refused)
        letters = DeadLetters(KafkaSettings(servers=cluster.address), "shop", STREAM)
        cluster.fail(request_, error)
        letters.send(connection)
        assert query(loaded, NOT_SENT) == [(0,), (1,), (2,)]
        letters.send(connection)
        assert query(loaded, NOT_SENT) == [(0,), (1,), (2,)]  # it is not yet time
        letters.send(connection, at_once=True)
        assert query(loaded, NOT_SENT) == []
        letters.close()
