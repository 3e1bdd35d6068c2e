"""What a run of notify did, and the error or warning that a person must see."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from scoring.errors import DeliveriesDead, EndpointDisabled, NothingDelivered, ScoringError

OnDead = Literal["fail", "warn"]


@dataclass(frozen=True)
class Notified:
    """What one run did.

    ``requests`` = ``delivered`` + ``failed``. Of the failed, ``dead`` had their last try, and the parts of ``split``
    ones are tried instead. ``events`` are those of the delivered requests. ``held_because`` says why nothing is sent
    now; ``disabled`` that a person must enable the endpoint. ``target`` is the host or the topics, ``last_failure`` the
    last answer that was no success, ``last_status`` its status. ``endpoint`` is its name, ``kind`` that of its adapter.
    """

    requests: int = 0
    delivered: int = 0
    failed: int = 0
    dead: int = 0
    events: int = 0
    split: int = 0
    held_because: str | None = None
    disabled: bool = False
    target: str = field(default="", compare=False)
    last_failure: str = field(default="", compare=False)
    last_status: int | None = field(default=None, compare=False)
    endpoint: str = field(default="", compare=False)
    kind: str = field(default="webhook", compare=False)


def complaint(done: Notified, on_dead: OnDead) -> ScoringError | None:
    """The error of a run, if any: the endpoint is disabled, deliveries were given up, or nothing was delivered.

    Parameters
    ----------
    done
        The run.
    on_dead
        Whether deliveries that were given up make the run fail; if not, the caller warns with :func:`given_up`.
    """
    if done.disabled:
        return EndpointDisabled(
            f"{done.held_because}. Everything that waits is kept.",
            remedy=f"When it takes requests again: `scoring endpoint enable {done.endpoint}`.",
        )
    if done.dead and on_dead == "fail":
        return given_up(done)
    if done.requests and not done.delivered and not done.split:
        return NothingDelivered(
            f"Nothing was delivered: all {done.requests} requests to {done.target} failed; the last answer was: "
            f"{done.last_failure}.",
            **_remedies(done),
        )
    return None


def given_up(done: Notified) -> DeliveriesDead:
    """The error or warning that deliveries failed at their last try."""
    return DeliveriesDead(
        f"{done.dead} deliveries to {done.target} failed at their last try and are given up; the last failure was: "
        f"{done.last_failure}. They are kept.",
        remedy=f"Find the cause with `scoring delivery list --endpoint {done.endpoint} --state dead`, then "
        f"`scoring delivery replay --endpoint {done.endpoint}`.",
    )


def _remedies(done: Notified) -> dict[str, str]:
    """What to do about the last answer, for a reader of the command line and for one in Airflow."""
    connection = f"the connection {done.endpoint}"
    if done.kind == "kafka":
        return {
            "remedy": _kafka_remedy(done.last_status, "SCORING_KAFKA_SERVERS and SCORING_KAFKA_OPTIONS"),
            "in_airflow": _kafka_remedy(done.last_status, f"{connection}, or SCORING_KAFKA_SERVERS and _OPTIONS"),
        }
    return {
        "remedy": _remedy(done.last_status, "SCORING_CRM_URL", "SCORING_CRM_SECRET"),
        "in_airflow": _remedy(done.last_status, f"the host of {connection}", f"the password of {connection}"),
    }


def _kafka_remedy(status: int | None, where: str) -> str:
    """What to do about a broker's answer."""
    if status is None:
        return f"See whether the brokers run and can be reached from here ({where}). What waits is kept."
    if status == HTTPStatus.UNAUTHORIZED:
        return f"Correct the user and the password in {where}."
    if status == HTTPStatus.FORBIDDEN:
        return "Let the user write to the topics, idempotently (ACL: WRITE and IDEMPOTENT_WRITE). What waits is kept."
    if status == HTTPStatus.NOT_FOUND:
        return "Create the topic as the answer says (docs/kafka.md). What waits is kept and tried again."
    return "Ask whoever runs the brokers (docs/kafka.md has the answers). What waits is kept and tried again."


def _remedy(status: int | None, address: str, secret: str) -> str:
    """What to do about an answer, by its status."""
    if status is None:
        return f"See whether the CRM runs and can be reached from here; the address is {address}. What waits is kept."
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return f"Compare the CRM's signing secret with {secret}."
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED) or status // 100 == 3:  # noqa: PLR2004 - 3xx
        return f"Set {address} to the CRM's final webhook address."
    if status // 100 == 5 or status == HTTPStatus.TOO_MANY_REQUESTS:  # noqa: PLR2004 - 5xx
        return "Wait until the CRM is in order again, or ask its engineer. What waits is kept and tried again."
    return "Ask the CRM's engineer why it refuses the requests (docs/webhooks.md). What waits is kept."
