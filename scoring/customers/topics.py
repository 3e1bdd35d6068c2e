"""Topics of Kafka: nobody can look a person up there, so a tombstone for their key goes to each topic that may have it.

Compaction then removes what was written before. It comes after all that could still write of the person: their events
and what deliveries carry of them are gone by then, and a delivery that was being sent has been waited for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from scoring.customers.place import Found, Subject
from scoring.database import transaction
from scoring.delivery import endpoints
from scoring.delivery.adapters.kafka import Kafka
from scoring.delivery.adapters.records import tombstone
from scoring.delivery.endpoints import Endpoint
from scoring.errors import TransientError
from scoring.settings import KafkaSettings, load_kafka_settings


@dataclass(frozen=True)
class Topics:
    """The topics of all endpoints of Kafka, also of disabled ones.

    ``kafka`` gives the brokers; it is asked only if there is such an endpoint. ``patience`` is in seconds.
    """

    kafka: Callable[[], KafkaSettings] = load_kafka_settings
    patience: float = 15.0
    name: str = "topics"

    def find(self, subject: Subject) -> list[Found]:
        """Nothing: what a topic holds is not looked up; ``held`` says which endpoints were told of the person."""
        del subject
        return []

    def erase(self, subject: Subject) -> int:
        """Write the tombstones; returns how many. Each may be written twice.

        Raises
        ------
        TransientError
            If the brokers do not take one: the same command does it again.
        ConfigurationError
            If no broker is set.
        """
        with transaction(subject.database) as connection:
            known = endpoints.all_of_them(connection)
        return sum(self._erase(subject, one, one.topic) for one in known if one.topic is not None)

    def _erase(self, subject: Subject, endpoint: Endpoint, pattern: str) -> int:
        written = 0
        with Kafka(self.kafka(), pattern, patience=self.patience).opened() as sender:
            for score in subject.score_names:
                refused = sender.write([tombstone(score, subject.customer, pattern)])
                if refused is None:
                    written += 1
                elif refused.status != HTTPStatus.NOT_FOUND:  # where there is no topic, nobody is in it
                    raise TransientError(
                        f"The person may still be in topics of the endpoint {endpoint.name}: {refused.words}.",
                        remedy="Mend that and run the command again: it goes on from here.",
                    )
        return written
