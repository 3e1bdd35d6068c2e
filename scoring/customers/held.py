"""All that is held about a person (GDPR art. 15), and what others hold, whom this installation cannot ask."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scoring.customers.place import Found, Subject, own_values
from scoring.customers.publications import Publications
from scoring.customers.registry import PLACES
from scoring.customers.snapshots import Snapshots
from scoring.customers.tables import QUARANTINE, UPDATES
from scoring.customers.traces import distinctive
from scoring.database import all_rows, column, transaction
from scoring.delivery.endpoints import CRM
from scoring.domain.dataset import DataSet
from scoring.settings import Settings

_SOURCES = """
    SELECT DISTINCT source FROM scoring.snapshot WHERE location = ANY(%(locations)s)
    UNION SELECT b.source FROM scoring.outcome_batch b
        WHERE b.batch_id IN (SELECT batch_id FROM scoring.outcome WHERE score = ANY(%(scores)s)
            AND customer_id = %(customer)s)
    UNION SELECT s.source FROM scoring.snapshot s JOIN scoring.quarantined_row q USING (snapshot_id)
        WHERE s.data_set = %(data_set)s AND q.customer_id = %(customer)s
    ORDER BY 1"""

_TOLD = """
    SELECT d.endpoint, count(*) AS times FROM scoring.event e JOIN scoring.outbox o USING (event_id)
    JOIN scoring.delivery d USING (delivery_id)
    WHERE d.state = 'delivered' AND e.score = ANY(%(scores)s) AND e.customer_id = %(customer)s
    GROUP BY d.endpoint ORDER BY d.endpoint"""

# What cannot be reached from here, whoever the person is.
BY_HAND = (
    "Airflow's database: the forms of runs of `correct_outcomes_*` hold ids and reasons. Delete those runs in its UI.",
    "Backups, archived WAL, and old versions of objects in a versioned bucket: they leave when they expire.",
    "Kafka topics of updates and of dead letters: messages leave when they expire.",
    "Files that people exported, and messages that were sent to them.",
)


@dataclass(frozen=True)
class Held:
    """What is held by place (only places with something), what others hold, and what is left to do by hand."""

    places: dict[str, list[Found]]
    elsewhere: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many finds there are in each place."""
        return {name: len(found) for name, found in self.places.items()}


def subject_of(settings: Settings, data_set: DataSet, customer: str) -> Subject:
    """A customer with what is known of their values now."""
    bare = Subject(settings, data_set, customer)
    rows = tuple(one.content for one in Snapshots().find(bare))
    refused = [
        json.loads(one) if isinstance(one, str) else one
        for one in (q.content["content"] for q in QUARANTINE.find(bare))
    ]
    updated = [one.content["content"] for one in UPDATES.find(bare)]
    values = frozenset().union(*(own_values(data_set, row) for row in [*rows, *refused, *updated]))
    values = values.union(*(distinctive(one.content["value"]) for one in Publications().find(bare)))
    return replace(bare, rows=rows, values=values)


def held(subject: Subject) -> Held:
    """Look everywhere."""
    found = {place.name: place.find(subject) for place in PLACES}
    return Held({name: finds for name, finds in found.items() if finds}, _elsewhere(subject, found["snapshots"]))


def _elsewhere(subject: Subject, files: Sequence[Found]) -> tuple[str, ...]:
    asked = {
        "locations": [one.where for one in files],
        "scores": subject.score_names,
        "customer": subject.customer,
        "data_set": subject.data_set.name,
    }
    with transaction(subject.database) as connection:
        sources = column(connection, _SOURCES, asked)
        told = all_rows(connection, dict, _TOLD, asked)
    others = [f"Source {source}: its owner holds the person there." for source in sources]
    for one in told:
        who = "The CRM" if one["endpoint"] == CRM else f"The endpoint {one['endpoint']}"
        others.append(
            f"{who} was told {one['times']} times; whoever runs or reads it must be told of the erasure, too (art. 19)."
        )
    return (*others, *BY_HAND)
