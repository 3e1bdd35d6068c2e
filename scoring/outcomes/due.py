"""Which cohorts a wake-up collects: pure rules."""

import datetime as dt

from scoring.domain.horizon import Horizon


def derived_is_due(
    as_of: dt.date, horizon: Horizon, *, wake: dt.date, there: bool, wanted: str | None, collected: str | None
) -> bool:
    """Whether the outcomes of a cohort are to be derived from a later snapshot.

    Whatever a lost wake-up left undone is due. So is the cohort that the snapshot of ``wake`` is about, also when it
    was collected: who listens is woken again, should that have been lost.

    Parameters
    ----------
    wake
        The date of the snapshot that woke us.
    there
        Whether the snapshot at the end of the horizon is there.
    wanted, collected
        The digest of the batch that this snapshot leads to, and that of the last batch; None if there is none.
    """
    return there and (horizon.after(as_of) == wake or wanted != collected)


def delivered_is_due(
    as_of: dt.date, horizon: Horizon, *, wake: dt.date, today: dt.date, customers: int, known: int
) -> bool:
    """Whether the source of a target is to be read for a cohort.

    It is read from the end of the horizon on, with each wake-up for one horizon more, until all outcomes are known:
    late ones are found, and a cohort that stays incomplete is not read for ever.

    Parameters
    ----------
    wake
        The date of the snapshot that woke us.
    today
        The current date (UTC).
    customers, known
        How many customers the cohort has, and how many of them have an outcome.
    """
    mature = horizon.after(as_of)
    return mature <= min(wake, today) and (mature == wake or (known < customers and wake <= horizon.after(mature)))
