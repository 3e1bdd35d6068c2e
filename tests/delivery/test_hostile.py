"""Whatever a receiver does is one failed attempt of one delivery: bounded in time and memory, no trouble of others."""

import datetime as dt
import ssl
import subprocess
import threading

import pytest
from factories_hostile import BEHAVIOURS, LATE, OBEYED, Hostile, Peer, customers, head, read_request
from factories_notify import attempts, deliveries, make_due, new_secret, publish, rows, set_limits
from waiting import PATIENCE, until

from scoring.delivery.adapters.contract import Message
from scoring.delivery.adapters.webhook import Patience, Webhook
from scoring.delivery.notify import notify
from scoring.delivery.retry import following, retry_after
from scoring.local.receiver import Receiver

SECRET = new_secret()
SHORT = Patience(connect=0.3, answer=0.3)
LONG = Patience(connect=30.0, answer=30.0)  # for what answers at once, on a machine however busy
MESSAGE = Message("msg_1", dt.datetime.now(dt.UTC), "{}")
OK = head("200 OK", "Content-Length: 0")


def send(hostile, message=MESSAGE, patience=SHORT):
    with Webhook(hostile.url, SECRET, patience=patience).opened() as sender:
        return sender.send(message)


def was_late(answer):
    return answer.error is not None and answer.error.startswith(LATE)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_what_is_recorded_of_a_behaviour(name):
    behave, status, error = BEHAVIOURS[name]
    with Hostile(behave) as hostile:
        answer = send(hostile)
        if was_late(answer) and error != LATE:  # on a busy machine
            answer = send(hostile, patience=LONG)
    assert answer.status == status
    assert answer.error is None if error is None else answer.error.startswith(error)
    state = following(status, 1, asked=retry_after(answer.retry_after, MESSAGE.sent_at), chance=0.5).state
    assert state == ("delivered" if status in (200, 204) else "pending")


def test_a_peer_that_does_not_read_the_request_gets_no_more_time():
    with Hostile(Peer.be_silent, reads=False) as hostile:
        answer = send(hostile, Message("msg_1", MESSAGE.sent_at, "x" * 50_000_000))
    assert answer.error.startswith(LATE)


def test_an_answer_given_before_the_whole_request_was_read_counts():
    def refuse(peer):
        peer.sock.recv(1000)
        peer.say(head("413 Too Large", "Content-Length: 0", "Connection: close"))

    with Hostile(refuse, reads=False) as hostile:
        assert send(hostile, Message("msg_1", MESSAGE.sent_at, "x" * 5_000_000), LONG).status in (413, None)


def test_a_tls_handshake_that_hangs_or_is_none_is_given_up():
    with Hostile(Peer.be_silent, reads=False) as hostile:
        url = hostile.url.replace("http:", "https:")
        with Webhook(url, SECRET, patience=SHORT).opened() as sender:
            assert sender.send(MESSAGE).error == "no connection within 0.3 s"
    for garbage in (b"HTTP/1.1 200 OK\r\n\r\n", b"\x16\x03\x01" + b"\xff" * 5000):
        with Hostile(lambda peer, said=garbage: peer.say(said), reads=False) as hostile:
            url = hostile.url.replace("http:", "https:")
            with Webhook(url, SECRET, patience=LONG).opened() as sender:
                assert sender.send(MESSAGE).error in (
                    "the TLS connection failed (certificate or protocol)",
                    "the connection was refused or broke off",
                )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of its own for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


def test_tls_is_spoken_over_a_kept_connection_with_a_known_certificate_for_the_right_name_only(
    certificate, monkeypatch
):
    cert, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    requests = []

    def answer(peer):
        with context.wrap_socket(peer.sock, server_side=True) as secure:
            inside = Peer(secure, peer.stop)
            while read_request(inside):
                requests.append(inside.body)
                inside.say(OK)

    # Authorities named in the environment are not looked at.
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert))
    connections = []
    with Hostile(lambda peer: (connections.append(peer), answer(peer)), reads=False) as hostile:
        patience = Patience(connect=10, answer=10)
        by_name = f"https://localhost:{hostile.port}/hook"
        with Webhook(by_name, SECRET, patience, authorities=cert).opened() as sender:
            assert [sender.send(MESSAGE).status for _ in range(3)] == [200, 200, 200]
        assert len(connections) == 1
        by_address = f"https://127.0.0.1:{hostile.port}/hook"
        for webhook in (Webhook(by_address, SECRET, patience, authorities=cert), Webhook(by_name, SECRET, patience)):
            with webhook.opened() as sender:
                assert sender.send(MESSAGE).error == "the TLS connection failed (certificate or protocol)"
    assert len(requests) == 3


def test_an_unasked_answer_is_never_taken_for_that_of_the_next_request():
    """The peer answers 500 and, after the client has read that, 200 to a request that was never made."""
    said = threading.Event()
    connections = []

    def trap(peer):
        connections.append(peer)
        if len(connections) > 1:
            peer.say(head("500 No", "Content-Length: 0"))
            return
        peer.say(head("500 No", "Content-Length: 0"))
        peer.say(OK)
        said.set()
        peer.be_silent()

    with Hostile(trap) as hostile, Webhook(hostile.url, SECRET, patience=LONG).opened() as sender:
        assert sender.send(MESSAGE).status == 500
        assert said.wait(10)
        assert sender.send(MESSAGE).status == 500
    assert len(connections) == 2


def test_a_connection_that_the_peer_has_closed_is_not_used_again():
    closed = threading.Semaphore(0)

    def answer_once(peer):
        peer.say(OK)
        peer.sock.close()
        closed.release()

    with Hostile(answer_once) as hostile, Webhook(hostile.url, SECRET, patience=LONG).opened() as sender:
        for _ in range(3):
            assert sender.send(MESSAGE).status == 200
            assert closed.acquire(timeout=PATIENCE)


def test_a_proxy_of_the_environment_gets_nothing(tmp_path, monkeypatch, settings):
    def proxy(peer):
        asked.append(peer.body)
        peer.say(OK)

    asked = []
    publish(settings)
    with Hostile(proxy) as hostile, Receiver(SECRET, tmp_path / "crm.sqlite3") as receiver:
        for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{hostile.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert notify(settings.database(), Webhook(receiver.url, SECRET)).delivered == 1
    assert asked == []


def test_one_hostile_answer_neither_stops_nor_undoes_the_others(settings):
    """Each behaviour meets one delivery; all the others are delivered in the same run, and each has its own attempt."""
    names = [name for name in BEHAVIOURS if name not in OBEYED]
    set_limits(settings, max_events=1)
    publish(settings, 4 * len(names))
    met = {f"c{4 * number + 1:09d}": name for number, name in enumerate(names)}
    meets = dict(met)

    def behave(peer):
        while True:
            (customer,) = customers(peer.body)
            name = meets.pop(customer, None)
            if name is not None:
                BEHAVIOURS[name][0](peer)
                return
            peer.say(OK)
            if not read_request(peer):
                return

    with Hostile(behave) as hostile:
        patience = Patience(connect=2.0, answer=2.0)  # longer than an honest answer takes on a busy machine
        webhook = Webhook(hostile.url, SECRET, patience=patience)
        runs = [notify(settings.database(), webhook)]
        while any(delivery["state"] == "pending" for delivery in deliveries(settings)):
            make_due(settings)
            runs.append(notify(settings.database(), webhook))
    assert meets == {}
    assert {delivery["state"] for delivery in deliveries(settings)} == {"delivered"}
    assert len(attempts(settings)) == sum(run.requests for run in runs)
    failures = rows(
        settings,
        """
        SELECT customer_id, attempt, status, error
        FROM scoring.attempt JOIN scoring.outbox USING (delivery_id) JOIN scoring.event USING (event_id)
        WHERE status NOT IN (200, 204) OR status IS NULL
        """,
    )
    # On a busy machine any answer may be late as well; nothing else may happen to another delivery, or twice to one.
    late = {row["customer_id"] for row in failures if " within " in (row["error"] or "")}
    failed = {row["customer_id"]: row["status"] for row in failures if " within " not in (row["error"] or "")}
    expected = {customer: BEHAVIOURS[name] for customer, name in met.items() if BEHAVIOURS[name][1] not in (200, 204)}
    hanging = {customer for customer, (_, _, error) in expected.items() if error == LATE}
    assert hanging <= late
    assert failed == {customer: status for customer, (_, status, _) in expected.items() if customer not in late}
    assert not any("hidden" in str(row["error"]) for row in failures)


def test_an_answer_is_recorded_while_another_is_still_awaited(settings):
    """One request gets no answer until the others are seen to be recorded by another connection."""
    set_limits(settings, max_events=1)
    publish(settings, 20)

    def behave(peer):
        while True:
            if customers(peer.body) == ["c000000001"]:
                assert recorded.wait(PATIENCE)
            peer.say(OK)
            if not read_request(peer):
                return

    def all_others_are_recorded():
        return len([delivery for delivery in deliveries(settings) if delivery["state"] == "delivered"]) == 19

    recorded = threading.Event()
    with Hostile(behave) as hostile:
        webhook = Webhook(hostile.url, SECRET, patience=Patience(answer=PATIENCE))
        run = threading.Thread(target=notify, args=(settings.database(), webhook))
        run.start()
        try:
            until(all_others_are_recorded)
        finally:
            recorded.set()
            run.join()
    assert {delivery["state"] for delivery in deliveries(settings)} == {"delivered"}
