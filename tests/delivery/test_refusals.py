"""What an error of a broker means: a status as HTTP has them, in our words."""

import pytest
from confluent_kafka import KafkaError

from scoring.delivery.adapters.refusals import Refusal, refusal, worst

REFUSALS = [
    (KafkaError.MSG_SIZE_TOO_LARGE, 413, "a message is larger than the broker or the topic t takes"),
    (KafkaError.RECORD_LIST_TOO_LARGE, 413, "a message is larger than the broker or the topic t takes"),
    (KafkaError.TOPIC_AUTHORIZATION_FAILED, 403, "the user may not write to the topic t"),
    (KafkaError.NOT_ENOUGH_REPLICAS, 503, "too few replicas of the topic t are in sync"),
    (KafkaError.THROTTLING_QUOTA_EXCEEDED, 429, "a quota of the broker is used up"),
    (KafkaError._MSG_TIMED_OUT, None, "no broker took it in time"),
    (KafkaError.INVALID_RECORD, 422, "the topic t refuses the record"),
    (KafkaError.KAFKA_STORAGE_ERROR, 500, "the broker answered NAME"),
]


@pytest.mark.parametrize(("code", "status", "words"), REFUSALS)
def test_an_error_is_a_status_in_our_words(code, status, words):
    assert refusal(code, "NAME", "t") == Refusal(status, words)


def test_of_a_time_out_the_cause_is_said_if_it_was_heard():
    heard = {KafkaError._AUTHENTICATION, KafkaError._ALL_BROKERS_DOWN}
    assert refusal(KafkaError._MSG_TIMED_OUT, "", "t", heard).status == 401
    assert refusal(KafkaError.NOT_ENOUGH_REPLICAS, "", "t", heard).status == 503, "the broker has answered"


def test_what_is_too_large_decides_only_if_nothing_else_failed():
    large, away = Refusal(413, "large"), Refusal(None, "away")
    assert worst([large, away]) == away
    assert worst([large, large]) == large
    assert worst([]) is None
