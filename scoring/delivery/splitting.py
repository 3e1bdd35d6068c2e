"""When a refused delivery is split in two, to find the event that makes the receiver refuse the whole body.

Halving finds one such event among 100 in about 14 requests. If the receiver refuses everything, no event is at fault,
and splitting would only multiply the requests. So a delivery is split if the receiver takes others or finds it too
large, or once as a probe at a later try; and the number of pending parts is limited.
"""

TOO_LARGE = 413
REFUSALS = frozenset({400, TOO_LARGE, 422})  # the receiver refuses the body, not the request as such
PROBE_ATTEMPT = 3  # at least five minutes after the first try: a momentary fault has passed
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
        Number of the try in the schedule, from 1.
    is_part
        Whether it came from a split itself.
    others_taken
        Whether the endpoint has taken another delivery since this one was made.
    parts_pending
        How many parts are pending for the endpoint, this delivery included if it is one.
    """
    if status not in REFUSALS or events == 1 or parts_pending >= PARTS_LIMIT:
        return False
    if status == TOO_LARGE or others_taken:
        return True
    return not is_part and attempt >= PROBE_ATTEMPT
