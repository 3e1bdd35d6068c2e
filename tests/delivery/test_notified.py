"""How a run of notify ends: what is told to a person, and with which remedy."""

import pytest

from scoring.delivery.notified import Notified, complaint, given_up
from scoring.errors import DeliveriesDead, EndpointDisabled, NothingDelivered

ENDPOINT = {"target": "crm.example", "endpoint": "crm_webhook"}
FAILED = ENDPOINT | {"requests": 3, "failed": 3, "last_failure": "401 Unauthorized", "last_status": 401}

TABLE = [
    ({}, "fail", None, "nothing was due"),
    ({"requests": 3, "delivered": 3}, "fail", None, "all went through"),
    ({"requests": 3, "delivered": 1, "failed": 2}, "fail", None, "some went through; the others are tried again"),
    ({"requests": 1, "failed": 1, "split": 1}, "fail", None, "its parts are tried"),
    (FAILED, "fail", NothingDelivered, "nothing went through"),
    (FAILED, "warn", NothingDelivered, "whatever is said of dead ones"),
    ({"requests": 3, "delivered": 2, "failed": 1, "dead": 1}, "fail", DeliveriesDead, "one was given up"),
    ({"requests": 3, "delivered": 2, "failed": 1, "dead": 1}, "warn", None, "the caller warns"),
    (FAILED | {"dead": 3}, "fail", DeliveriesDead, "the worse of the two"),
    (FAILED | {"dead": 3}, "warn", NothingDelivered, "the other remains"),
    (FAILED | {"disabled": True, "held_because": "x"}, "fail", EndpointDisabled, "a person must act"),
    ({"disabled": True, "held_because": "x is disabled"}, "warn", EndpointDisabled, "also when nothing was sent"),
]


@pytest.mark.parametrize(("done", "on_dead", "expected", "why"), TABLE)
def test_how_a_run_ends(done, on_dead, expected, why):
    problem = complaint(Notified(**done), on_dead)
    assert (None if problem is None else type(problem)) is expected, why


SECRET = "Compare the CRM's signing secret with {secret}."
ADDRESS = "Set {address} to the CRM's final webhook address."
REACH = "See whether the CRM runs and can be reached from here; the address is {address}. What waits is kept."
WAIT = "Wait until the CRM is in order again, or ask its engineer. What waits is kept and tried again."
ASK = "Ask the CRM's engineer why it refuses the requests (docs/webhooks.md). What waits is kept."
REMEDIES = [
    *[(status, SECRET) for status in (401, 403)],
    *[(status, ADDRESS) for status in (302, 308, 404, 405)],
    *[(status, WAIT) for status in (429, 500, 503)],
    *[(status, ASK) for status in (400, 402, 422)],
    (None, REACH),
]


@pytest.mark.parametrize(("status", "remedy"), REMEDIES)
def test_when_nothing_went_through_host_answer_and_remedy_are_named(status, remedy):
    problem = complaint(Notified(**(FAILED | {"last_status": status, "last_failure": "what it said"})), "fail")
    said = "Nothing was delivered: all 3 requests to crm.example failed; the last answer was: what it said. Remedy: "
    assert str(problem) == said + remedy.format(address="SCORING_CRM_URL", secret="SCORING_CRM_SECRET")
    problem.read_in_airflow = True
    assert str(problem) == said + remedy.format(
        address="the host of the connection crm_webhook", secret="the password of the connection crm_webhook"
    )


KAFKA = ENDPOINT | {"target": "scoring.{score}", "endpoint": "stream", "kind": "kafka", "requests": 3, "failed": 3}
ANSWERS = [
    (None, "See whether the brokers run and can be reached from here ({where}). What waits is kept."),
    (401, "Correct the user and the password in {where}."),
    (403, "Let the user write to the topics, idempotently (ACL: WRITE and IDEMPOTENT_WRITE). What waits is kept."),
    (404, "Create the topic as the answer says (docs/kafka.md). What waits is kept and tried again."),
    *[
        (status, "Ask whoever runs the brokers (docs/kafka.md has the answers). What waits is kept and tried again.")
        for status in (422, 500, 503)
    ],
]


@pytest.mark.parametrize(("status", "remedy"), ANSWERS)
def test_of_topics_the_remedy_names_brokers_and_options(status, remedy):
    problem = complaint(Notified(**KAFKA, last_status=status, last_failure="what it said"), "fail")
    said = (
        "Nothing was delivered: all 3 requests to scoring.{score} failed; the last answer was: what it said. Remedy: "
    )
    assert str(problem) == said + remedy.format(where="SCORING_KAFKA_SERVERS and SCORING_KAFKA_OPTIONS")
    problem.read_in_airflow = True
    assert str(problem) == said + remedy.format(where="the connection stream, or SCORING_KAFKA_SERVERS and _OPTIONS")


def test_given_up_deliveries_are_counted_and_can_be_replayed():
    assert str(given_up(Notified(dead=2, last_failure="400 Bad Request", **ENDPOINT))) == (
        "2 deliveries to crm.example failed at their last try and are given up; "
        "the last failure was: 400 Bad Request. They are kept. "
        "Remedy: Find the cause with `scoring delivery list --endpoint crm_webhook --state dead`, then "
        "`scoring delivery replay --endpoint crm_webhook`."
    )


def test_of_an_endpoint_that_is_switched_off_it_is_said_why_and_how_it_is_enabled():
    assert str(complaint(Notified(disabled=True, held_because="crm is disabled (410 Gone)", **ENDPOINT), "fail")) == (
        "crm is disabled (410 Gone). Everything that waits is kept. "
        "Remedy: When it takes requests again: `scoring endpoint enable crm_webhook`."
    )
