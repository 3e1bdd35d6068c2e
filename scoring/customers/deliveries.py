"""Requests to the CRM: the person is taken out of their bodies, also of those that were delivered."""

from scoring.customers.place import Found, Subject
from scoring.database import transaction
from scoring.delivery import deliveries


class Deliveries:
    """Bodies of deliveries. One that is being sent is waited for; one with nobody left in it is not sent."""

    name = "deliveries"

    def find(self, subject: Subject) -> list[Found]:
        """Every event of the person in a body."""
        with transaction(subject.database) as connection:
            held = deliveries.holding(connection, subject.score_names, subject.customer)
        return [Found(f"scoring.delivery {one}", event) for one, events in held.items() for event in events]

    def erase(self, subject: Subject) -> int:
        """Take the person out, delivery by delivery, each in its own transaction."""
        names, customer = subject.score_names, subject.customer
        with transaction(subject.database) as connection:
            held = deliveries.holding(connection, names, customer)
        gone = 0
        for one in held:
            with transaction(subject.database) as connection:
                gone += deliveries.take_out(connection, one, names, customer)
        return gone
