"""An endpoint is held, switched off and enabled; meanwhile nothing is packed or claimed, and order is kept."""

import datetime as dt

import pytest
from factories_notify import execute, new_secret, publish, rows, set_limits

from scoring.database import connect
from scoring.delivery import deliveries, endpoints, outbox
from scoring.delivery.adapters.contract import Limits
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.endpoints import CRM
from scoring.delivery.notify import notify
from scoring.errors import ConfigurationError, NotFound

WEBHOOK = Webhook("", new_secret())
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=24)


@pytest.fixture
def connection(settings):
    with connect(settings.database()) as opened:
        yield opened


def seconds_held(connection):
    with connection:
        held_until = endpoints.look_up(connection).held_until
    return (held_until - dt.datetime.now(dt.UTC)).total_seconds()


def test_the_crms_endpoint_is_known_from_the_start(connection):
    known = endpoints.look_up(connection)
    assert (known.name, known.adapter, known.secret, known.limits) == (CRM, "webhook", CRM, Limits(100, 20_000))
    assert (known.state, known.held_because) == ("enabled", None)


def test_a_short_hold_does_not_cut_a_long_one(connection):
    with connection:
        endpoints.hold(connection, CRM, DAY)
    with connection:
        endpoints.hold(connection, CRM, MINUTE)
    assert seconds_held(connection) > DAY.total_seconds() - 60


def test_a_long_hold_lengthens_a_short_one(connection):
    for time in (MINUTE, DAY):
        with connection:
            endpoints.hold(connection, CRM, time)
    assert seconds_held(connection) > DAY.total_seconds() - 60


def held(connection):
    endpoints.hold(connection, CRM, MINUTE)


def disabled(connection):
    endpoints.disable(connection, CRM, "it answered 410")


@pytest.mark.parametrize("closed", [held, disabled])
def test_while_it_takes_no_requests_nothing_is_packed_or_claimed(settings, connection, closed):
    publish(settings, 3)
    with connection:
        assert outbox.pack(connection, WEBHOOK) == 3
    publish(settings, 3, version=2)
    with connection:
        closed(connection)
    with connection:
        assert outbox.pack(connection, WEBHOOK) == 0, "what waits can still be coalesced"
        assert deliveries.claim(connection, CRM) is None
        assert outbox.backlog(connection) == outbox.Backlog(waiting=3, pending=1, dead=0)
    with connection:
        endpoints.enable(connection)
    with connection:
        known = endpoints.look_up(connection)
        assert (known.state, known.disabled_because, known.held_until) == ("enabled", None, None)
        assert deliveries.claim(connection, CRM) is not None
        assert outbox.pack(connection, WEBHOOK) == 3


def test_the_first_reason_for_switching_it_off_stays(connection):
    with connection:
        disabled(connection)
        endpoints.disable(connection, CRM, "another reason")
        assert endpoints.look_up(connection).held_because == "crm_webhook is disabled: it answered 410"


def test_what_has_been_due_for_the_longest_is_claimed_first(settings, connection):
    set_limits(settings, max_events=1)
    publish(settings, 5)
    with connection:
        outbox.pack(connection, WEBHOOK)
    execute(
        settings,
        """
        UPDATE scoring.delivery d SET next_attempt_at = now() - make_interval(mins => o.hour) FROM
        (SELECT delivery_id, (ARRAY[2, 5, 1, 4, 3])[row_number() OVER (ORDER BY delivery_id)] AS hour
         FROM scoring.delivery) o
        WHERE d.delivery_id = o.delivery_id
        """,
    )
    expected = rows(settings, "SELECT delivery_id::text FROM scoring.delivery ORDER BY next_attempt_at")
    claimed = []
    for _ in expected:
        with connection:
            one = deliveries.claim(connection, CRM)
        claimed.append(one.delivery_id)
        execute(settings, "UPDATE scoring.delivery SET state = 'dead' WHERE delivery_id = %s", (one.delivery_id,))
    assert claimed == [row["delivery_id"] for row in expected]


def test_what_is_not_yet_due_is_not_claimed(settings, connection):
    publish(settings)
    with connection:
        outbox.pack(connection, WEBHOOK)
    execute(settings, "UPDATE scoring.delivery SET next_attempt_at = now() + interval '1 minute'")
    with connection:
        assert deliveries.claim(connection, CRM) is None


def test_an_endpoint_for_another_adapter_is_told_by_no_webhook(settings):
    publish(settings)
    execute(settings, "UPDATE scoring.endpoint SET adapter = 'kafka', topic = 'scoring.{score}'")
    with pytest.raises(
        ConfigurationError, match=r"crm_webhook belongs to the adapter 'kafka', not to 'webhook'.*Remedy"
    ):
        notify(settings.database(), WEBHOOK)


def test_an_unknown_endpoint_is_named(connection):
    for ask in (endpoints.look_up, endpoints.enable):
        with pytest.raises(NotFound, match="no endpoint 'nowhere'"), connection:
            ask(connection, "nowhere")
