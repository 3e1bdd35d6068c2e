"""How a run of notify ends: what is told to a person, and with which remedy."""

import pytest

from scoring.delivery.notified import Notified, complaint, given_up
from scoring.errors import DeliveriesDead, EndpointDisabled, NothingDelivered

FAILED = {"requests": 3, "failed": 3, "target": "crm.example", "last_failure": "401 Unauthorized", "last_status": 401}

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


REMEDIES = [
    (401, "SCORING_CRM_SECRET", "password of the connection crm_webhook"),
    (403, "SCORING_CRM_SECRET", "password of the connection crm_webhook"),
    (404, "SCORING_CRM_URL", "host of the connection crm_webhook"),
    (405, "SCORING_CRM_URL", "host of the connection crm_webhook"),
    (302, "SCORING_CRM_URL", "host of the connection crm_webhook"),
    (None, "SCORING_CRM_URL", "host of the connection crm_webhook"),
    (400, "docs/webhooks.md", "docs/webhooks.md"),
    (429, "tried again", "tried again"),
    (500, "tried again", "tried again"),
]


@pytest.mark.parametrize(("status", "in_a_shell", "in_airflow"), REMEDIES)
def test_when_nothing_went_through_host_answer_and_remedy_are_named(status, in_a_shell, in_airflow):
    problem = complaint(Notified(**(FAILED | {"last_status": status, "last_failure": "what it said"})), "fail")
    for said in ("all 3 requests to crm.example failed", "what it said", in_a_shell):
        assert said in str(problem)
    problem.read_in_airflow = True
    assert in_airflow in str(problem)
    assert "SCORING_" not in str(problem)


def test_given_up_deliveries_are_counted_and_can_be_replayed():
    said = str(given_up(Notified(dead=2, target="crm.example", last_failure="400 Bad Request")))
    for part in ("2 deliveries to crm.example", "400 Bad Request", "scoring delivery replay"):
        assert part in said
