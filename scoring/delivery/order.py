"""Order for endpoints that keep what comes last: of each subject, only the newest packed event can still be sent.

So when an event is packed, older ones of its subject leave the deliveries that are pending or dead: they are coalesced
into the newer one, as those that still waited were. While an older one is being sent (its delivery is locked), the
newer one waits. No delivery that is tried again or replayed can then write an older event after a newer one.
docs/decisions/0020-order-in-a-compacted-topic.md has the alternatives.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from scoring.database import Connection, all_rows, execute
from scoring.delivery.message import without_events

Subject = tuple[str, str]

# Two packers at once could put two events of a subject into two deliveries: each skips what the other has locked.
_ONE_PACKER = "SELECT pg_advisory_xact_lock(hashtextextended('packing ' || %s, 0))"

# Little is not delivered, and no index finds what is told of a subject. OFFSET 0 and one state at a time, which have an
# index each, keep the planner to this way.
UNDELIVERED = """
SELECT d.delivery_id::text, e.event_id, e.score, e.customer_id
FROM (
    SELECT delivery_id FROM scoring.delivery WHERE endpoint = %(endpoint)s AND state = 'pending'
    UNION ALL SELECT delivery_id FROM scoring.delivery WHERE endpoint = %(endpoint)s AND state = 'dead'
) d
CROSS JOIN LATERAL (
    SELECT o.event_id FROM scoring.outbox o WHERE o.delivery_id = d.delivery_id OFFSET 0
) carried
CROSS JOIN LATERAL (
    SELECT v.event_id, v.score, v.customer_id FROM scoring.event v WHERE v.event_id = carried.event_id OFFSET 0
) e
WHERE (e.score, e.customer_id) IN (SELECT * FROM unnest(%(scores)s::text[], %(customers)s::text[]))
"""

_LOCK_CARRIERS = """
SELECT delivery_id::text, body FROM scoring.delivery
WHERE delivery_id = ANY (%s::uuid[]) AND state IN ('pending', 'dead')
ORDER BY delivery_id
FOR UPDATE SKIP LOCKED
"""

# The same event may be on both sides, if it was told again on purpose.
_MOVE = """
WITH moved AS (
    DELETE FROM scoring.outbox o
    USING unnest(%(events)s::bigint[], %(old)s::uuid[], %(new)s::uuid[]) AS v (event_id, old, new)
    WHERE o.delivery_id = v.old AND o.event_id = v.event_id
    RETURNING o.endpoint, o.event_id, v.new, o.lane
)
INSERT INTO scoring.outbox (endpoint, event_id, delivery_id, coalesced, lane)
SELECT endpoint, event_id, new, true, lane FROM moved
ON CONFLICT DO NOTHING
"""

_SHRINK = """
UPDATE scoring.delivery SET body = %(body)s, events = %(left)s WHERE delivery_id = %(delivery_id)s
"""

_END = "UPDATE scoring.delivery SET state = 'coalesced' WHERE delivery_id = %s"


@dataclass(frozen=True)
class Carried:
    """An event that a delivery carries and that is not delivered, or one that was coalesced into such a one."""

    delivery_id: str
    event_id: int
    score: str
    customer_id: str

    @property
    def subject(self) -> Subject:
        """The score and the customer that it is about."""
        return self.score, self.customer_id


@dataclass(frozen=True)
class _Carrier:
    delivery_id: str
    body: str


@dataclass(frozen=True)
class Overtaken:
    """What newer events overtake: older ones in deliveries that are locked for us now, with the bodies of those.

    ``under_way`` are subjects of which an older event may be on its way: nothing is packed about them now.
    """

    carried: tuple[Carried, ...] = ()
    bodies: Mapping[str, str] = field(default_factory=dict)
    under_way: frozenset[Subject] = frozenset()


NOTHING = Overtaken()


def one_packer(connection: Connection, endpoint: str) -> None:
    """Let only one transaction at a time pack for an endpoint; call it before the outbox is read."""
    execute(connection, _ONE_PACKER, (endpoint,))


def overtaken(connection: Connection, endpoint: str, subjects: Collection[Subject]) -> Overtaken:
    """Find and lock what newer events of some subjects overtake."""
    names = {
        "endpoint": endpoint,
        "scores": [score for score, _ in subjects],
        "customers": [customer for _, customer in subjects],
    }
    found = all_rows(connection, Carried, UNDELIVERED, names)
    if not found:
        return NOTHING
    carriers = sorted({one.delivery_id for one in found})
    bodies = {one.delivery_id: one.body for one in all_rows(connection, _Carrier, _LOCK_CARRIERS, (carriers,))}
    under_way = frozenset(one.subject for one in found if one.delivery_id not in bodies)
    taken = tuple(one for one in found if one.delivery_id in bodies and one.subject not in under_way)
    return Overtaken(taken, bodies, under_way)


def take_over(connection: Connection, found: Overtaken, carriers: Mapping[Subject, str]) -> None:
    """Move what is overtaken to the deliveries of the newer events; ``carriers`` says which those are."""
    if not found.carried:
        return
    arguments = {
        "events": [one.event_id for one in found.carried],
        "old": [one.delivery_id for one in found.carried],
        "new": [carriers[one.subject] for one in found.carried],
    }
    execute(connection, _MOVE, arguments)
    leaving: dict[str, set[int]] = defaultdict(set)
    for one in found.carried:
        leaving[one.delivery_id].add(one.event_id)
    for delivery_id, events in leaving.items():
        body, left = without_events(found.bodies[delivery_id], events)
        if left:
            execute(connection, _SHRINK, {"delivery_id": delivery_id, "body": body, "left": left})
        else:
            execute(connection, _END, (delivery_id,))
