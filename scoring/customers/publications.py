"""Publications: the person's rows, also in those that readers do not see, and what a shadow said."""

from scoring.customers.place import Found, Subject
from scoring.database import transaction
from scoring.publishing import erasing, publications


class Publications:
    """Every publication of the scores, whatever its state; count and checksum stay those of what was published."""

    name = "scores"

    def find(self, subject: Subject) -> list[Found]:
        """The person's scores."""
        with transaction(subject.database) as connection:
            every = erasing.every(connection, subject.score_names)
            return [
                Found(f"scoring.{table}", {"score": one.score, "as_of": one.as_of, "state": one.state, **row})
                for one in every
                for table, row in erasing.rows_of_customer(connection, one.publication_id, subject.customer)
            ]

    def erase(self, subject: Subject) -> int:
        """Delete them, score by score, while nobody plans or publishes it."""
        gone = 0
        for score in subject.score_names:
            with transaction(subject.database) as connection:
                publications.lock(connection, score)
                mine = [one.publication_id for one in erasing.every(connection, [score])]
                erasing.wait_for_readers(connection, mine)
                gone += sum(erasing.erase_customer(connection, one, subject.customer) for one in mine)
        return gone
