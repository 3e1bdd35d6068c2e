"""How the CRM stand-in fails: a plan for the next requests, which can be replaced at run time."""

import threading
from collections import deque

from pydantic import BaseModel, ConfigDict, Field


class Fault(BaseModel):
    """Answer the next ``times`` requests with ``status`` and store nothing of them.

    ``retry_after`` becomes the Retry-After header: seconds, or any text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: int = Field(ge=200, le=599)
    retry_after: int | str | None = None
    times: int = Field(default=1, gt=0)


class FaultPlan(BaseModel):
    """How to fail from now on; an empty plan is a healthy CRM.

    ``drop_connection`` is how many requests are stored but get no answer; ``delay`` is how many seconds pass between
    storing and answering. The faults of ``fail`` come first, one after the other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fail: tuple[Fault, ...] = ()
    drop_connection: int = Field(default=0, ge=0)
    delay: float = Field(default=0, ge=0, le=3600)


class Faults:
    """Carries out a plan for many threads."""

    def __init__(self, plan: FaultPlan) -> None:
        self._lock = threading.Lock()
        self._replaced = threading.Event()
        self.follow(plan)

    def follow(self, plan: FaultPlan) -> None:
        """Replace the plan; requests that wait for the old plan's delay are answered now."""
        with self._lock:
            self._replaced.set()
            self._replaced = threading.Event()
            self._fail = deque(fault for fault in plan.fail for _ in range(fault.times))
            self._drops = plan.drop_connection
            self._delay = plan.delay

    def next_failure(self) -> Fault | None:
        """Take the fault for the current request from the plan; None if it is to succeed."""
        with self._lock:
            return self._fail.popleft() if self._fail else None

    def next_drop(self) -> bool:
        """Take one dropped answer from the plan; returns whether the current request gets no answer."""
        with self._lock:
            self._drops, dropped = max(self._drops - 1, 0), self._drops > 0
            return dropped

    def wait(self) -> None:
        """Wait for the plan's delay."""
        with self._lock:
            replaced, delay = self._replaced, self._delay
        replaced.wait(delay)
