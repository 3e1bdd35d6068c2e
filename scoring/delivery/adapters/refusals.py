"""What an error of a broker or of librdkafka means as an answer. Pure; quotes no text of a peer."""

from collections.abc import Collection
from dataclasses import dataclass

from confluent_kafka import KafkaError

from scoring.delivery.splitting import TOO_LARGE

CREATE = "kafka-topics.sh --bootstrap-server <broker> --create --topic {topic} --config cleanup.policy=compact"


@dataclass(frozen=True)
class Refusal:
    """The status and the words that an error has; see :class:`scoring.delivery.adapters.contract.Answer`."""

    status: int | None
    words: str


_AWAY = Refusal(None, "no broker took it in time")
_PASSWORD = Refusal(401, "the broker refuses the user or the password")
_TLS = Refusal(None, "the TLS connection failed (certificate or protocol)")
_NO_TOPIC = Refusal(404, f"there is no topic {{topic}}; create it: {CREATE}")
_FORBIDDEN = Refusal(403, "the user may not write to the topic {topic}")
_LARGE = Refusal(TOO_LARGE, "a message is larger than the broker or the topic {topic} takes")
_REPLICAS = Refusal(503, "too few replicas of the topic {topic} are in sync")

TABLE = {
    KafkaError._AUTHENTICATION: _PASSWORD,  # noqa: SLF001 - so librdkafka names its own errors
    KafkaError.SASL_AUTHENTICATION_FAILED: _PASSWORD,
    KafkaError.UNSUPPORTED_SASL_MECHANISM: Refusal(401, "the broker does not know the mechanism of SASL"),
    KafkaError._SSL: _TLS,  # noqa: SLF001
    KafkaError._RESOLVE: Refusal(None, "the name of a broker cannot be resolved"),  # noqa: SLF001
    KafkaError.UNKNOWN_TOPIC_OR_PART: _NO_TOPIC,
    KafkaError._UNKNOWN_TOPIC: _NO_TOPIC,  # noqa: SLF001
    KafkaError._UNKNOWN_PARTITION: _NO_TOPIC,  # noqa: SLF001
    KafkaError.TOPIC_EXCEPTION: Refusal(404, "{topic} is no name that a topic can have"),
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _FORBIDDEN,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: Refusal(403, "the user may not write idempotently (IDEMPOTENT_WRITE)"),
    KafkaError.MSG_SIZE_TOO_LARGE: _LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE: _LARGE,
    KafkaError.INVALID_RECORD: Refusal(422, "the topic {topic} refuses the record"),
    KafkaError.POLICY_VIOLATION: Refusal(422, "a policy of the topic {topic} refuses the record"),
    KafkaError.NOT_ENOUGH_REPLICAS: _REPLICAS,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND: _REPLICAS,
    KafkaError.THROTTLING_QUOTA_EXCEEDED: Refusal(429, "a quota of the broker is used up"),
    KafkaError._TRANSPORT: _AWAY,  # noqa: SLF001
    KafkaError._ALL_BROKERS_DOWN: _AWAY,  # noqa: SLF001
    KafkaError._TIMED_OUT: _AWAY,  # noqa: SLF001
    KafkaError._MSG_TIMED_OUT: _AWAY,  # noqa: SLF001
    KafkaError._PURGE_QUEUE: _AWAY,  # noqa: SLF001
    KafkaError._PURGE_INFLIGHT: _AWAY,  # noqa: SLF001
    KafkaError.REQUEST_TIMED_OUT: _AWAY,
}

# Why no broker could be reached, where librdkafka has said so before its messages timed out; the first that fits.
CAUSES = (
    KafkaError._AUTHENTICATION,  # noqa: SLF001
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.UNSUPPORTED_SASL_MECHANISM,
    KafkaError._SSL,  # noqa: SLF001
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError._RESOLVE,  # noqa: SLF001
)


def refusal(code: int, name: str, topic: str, heard: Collection[int] = ()) -> Refusal:
    """The answer that an error stands for.

    Parameters
    ----------
    code, name
        Of the error, as librdkafka has them.
    topic
        The topic of the message.
    heard
        Codes of what librdkafka has reported of its connections meanwhile.
    """
    found = TABLE.get(code, Refusal(500, f"the broker answered {name}"))
    if found is _AWAY:
        found = next((TABLE[cause] for cause in CAUSES if cause in heard), found)
    return Refusal(found.status, found.words.replace("{topic}", topic))


def worst(refusals: Collection[Refusal]) -> Refusal | None:
    """What decides for a whole delivery: one that is too large is split only when nothing else is in the way."""
    others = (one for one in refusals if one.status != TOO_LARGE)
    return next(others, next(iter(refusals), None))
