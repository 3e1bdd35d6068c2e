"""When a refused delivery is split in two, to find the event that makes the receiver refuse the whole body.

Halving finds one such event among 100 in about 14 requests. When the receiver refuses everything, the fault is not in
an event: splitting would only multiply the requests. So there must be a sign that it takes others, and a limit.
"""

TOO_LARGE = 413
REFUSALS = frozenset({400, TOO_LARGE, 422})  # the receiver has read the body, and it is the body that it refuses
PROBE_ATTEMPT = 3  # at least five minutes after the first try: a fault of a moment has passed
PARTS_LIMIT = 200  # pending parts of an endpoint


def is_to_be_split(
    status: int | None, *, events: int, attempt: int, is_part: bool, others_taken: bool, parts_pending: int
) -> bool:
    """Decide whether a delivery is split instead of tried again.

    Parameters
    ----------
    status
        The answer.
    events
        How many events the delivery carries.
    attempt
        Number of the try by the schedule, from 1.
    is_part
        Whether it came from a split itself.
    others_taken
        Whether the endpoint has taken another delivery since this one was made.
    parts_pending
        How many parts of the endpoint wait; this delivery is among them if it is one.
    """
    if status not in REFUSALS or events == 1 or parts_pending >= PARTS_LIMIT:
        return False
    if status == TOO_LARGE or others_taken:
        return True
    return not is_part and attempt >= PROBE_ATTEMPT
