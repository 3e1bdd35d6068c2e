"""People are told: a real mail server takes the mails, a file and the console take them where nothing is configured."""

import json
import stat
import threading
import time

import pytest
from factories import query
from factories_people import PASSWORD, mail_server, make_due, noted, peer, sendings
from pydantic import SecretStr
from waiting import PATIENCE, until

from scoring.database import transaction
from scoring.delivery.people import sendings as store
from scoring.delivery.people.carrier import carry, without_secrets
from scoring.delivery.people.channels import CONSOLE, FILE, FILE_NAME, Channels
from scoring.delivery.people.message import Message
from scoring.delivery.people.sendings import following
from scoring.delivery.people.tell import Told, complaint, tell
from scoring.delivery.retry import WAITS
from scoring.errors import NotFound


def told(settings, seconds=20.0, **addresses):
    lists = {
        name.replace("_", " "): [given] if isinstance(given, SecretStr) else given for name, given in addresses.items()
    }
    return tell(settings.database(), Channels(lists, settings.home, seconds))


def attempts(settings):
    return query(settings, "SELECT channel, attempt, error, seconds FROM scoring.alert_attempt ORDER BY attempted_at")


def test_a_mail_says_what_is_the_case_and_what_to_do_and_carries_a_reference(settings):
    noted(settings, "spending")
    with mail_server() as (mailbox, address):
        assert told(settings, risk=address) == Told(sent=1)
        assert told(settings, risk=address) == Told()
    (mail,), (text,) = mailbox.mails, mailbox.texts
    assert mail["Subject"] == "[scoring] Title of spending"
    assert mail["To"] == "risk@shop.example"
    alert_id = query(settings, "SELECT alert_id FROM scoring.alert")[0].alert_id
    for part in ("Text of spending.", "What to do: Mend spending.", f"Reference: alert-{alert_id}.", "Owner: risk."):
        assert part in text
    assert sendings(settings) == [("spending", "risk/1", "sent", 1)]


def test_each_owner_is_told_on_their_own_channels_and_all_others_on_the_default(settings):
    noted(settings, "risk's")
    noted(settings, "sales'", owner="sales")
    noted(settings, "nobody's", owner="another")
    with mail_server() as (risk, at_risk), mail_server() as (sales, at_sales), mail_server() as (rest, at_rest):
        channels = {"risk": [at_risk, at_rest], "sales": at_sales, "default": at_rest}
        assert told(settings, **channels).sent == 4
    assert [mail["Subject"] for mail in risk.mails] == ["[scoring] Title of risk's"]
    assert [mail["Subject"] for mail in sales.mails] == ["[scoring] Title of sales'"]
    assert sorted(mail["Subject"][19:] for mail in rest.mails) == ["nobody's", "risk's"]


def test_without_any_channel_a_private_file_and_the_console_take_it(settings, capsys):
    noted(settings, "one", "two")
    assert told(settings) == Told(sent=4)
    file = settings.home / FILE_NAME
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["title"], line["what_to_do"], line["owner"]) for line in lines] == [
        ("Title of one", "Mend one.", "risk"),
        ("Title of two", "Mend two.", "risk"),
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = capsys.readouterr().out
    assert "Title of one" in shown
    assert "What to do: Mend two." in shown
    noted(settings, "three")
    told(settings)
    assert len(file.read_text().splitlines()) == 3


def test_a_line_that_a_crash_cut_short_spoils_only_itself(settings):
    settings.home.mkdir()
    file = settings.home / FILE_NAME
    file.write_text('{"id": "alert-1", "ti')
    noted(settings, "one")
    told(settings, default=[SecretStr(FILE)])
    assert json.loads(file.read_text().splitlines()[1])["title"] == "Title of one"


def test_a_file_that_cannot_be_written_is_a_failed_try(settings):
    settings.home.mkdir()
    (settings.home / FILE_NAME).mkdir()
    noted(settings, "one")
    done = told(settings, default=[SecretStr(FILE), SecretStr(CONSOLE)])
    assert (done.sent, done.failed, done.last_failure) == (
        1,
        1,
        "default/1: alerts.jsonl cannot be written: Is a directory",
    )


def test_a_mail_that_is_refused_is_sent_again_with_the_same_reference(settings):
    noted(settings, "spending")
    with mail_server() as (mailbox, address):
        mailbox.refusals = 1
        assert told(settings, risk=address).failed == 1
        assert told(settings, risk=address) == Told(), "it is not due yet"
        make_due(settings)
        assert told(settings, risk=address) == Told(sent=1)
    assert len(mailbox.mails) == 1
    first, second = attempts(settings)
    assert (first.attempt, second.attempt, second.error) == (1, 2, None)
    assert first.error
    assert sendings(settings) == [("spending", "risk/1", "sent", 2)]


def test_after_the_whole_schedule_it_is_dead_and_can_be_replayed(settings):
    noted(settings, "spending", "next")
    nonsense = SecretStr("nonsense://tokentoken1234")
    for _ in range(len(WAITS)):
        make_due(settings)
        done = told(settings, risk=nonsense)
        assert (done.failed, done.dead) == (2, 0)
    make_due(settings)
    done = told(settings, risk=nonsense)
    assert (done.failed, done.dead) == (2, 2)
    problem = complaint(done)
    assert "2 alerts were given up; the last failure was: risk/1: its address is not an Apprise URL" in str(problem)
    assert complaint(Told(sent=1, failed=1)) is None
    with transaction(settings.database()) as connection:
        assert store.dead(connection) == 2
        first = store.newest(connection, state="dead")[-1].alert_id
        with pytest.raises(NotFound, match="alert-999 was not given up"):
            store.replay_dead(connection, [first, 999])
        connection.rollback()
        assert store.replay_dead(connection, [first]) == 1
    with mail_server() as (mailbox, address):
        assert told(settings, risk=address) == Told(sent=1)
    assert [mail["Subject"] for mail in mailbox.mails] == ["[scoring] Title of spending"]
    assert [state for _, _, state, _ in sendings(settings)] == ["sent", "dead"]


def hangs(connection):
    time.sleep(0.1)
    connection.recv(65536)
    threading.Event().wait(60)


def drips(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-Drop: 1\r\n")
        threading.Event().wait(0.5)


def floods(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
    while True:
        connection.sendall(b"x" * (1 << 20))


def refuses(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 403 tokentoken1234 is wrong\r\nContent-Length: 0\r\n\r\n")


def hangs_up(connection):
    connection.close()


def babbles(connection):
    connection.sendall(b"\x00\xff no HTTP at all \r\n\r\n" * 100)


@pytest.mark.parametrize("behave", [hangs, drips, floods, refuses, hangs_up, babbles])
def test_whatever_a_channel_does_is_one_failed_try_and_holds_up_nobody(settings, behave):
    noted(settings, "one", "two", "three")
    with peer(behave) as wrong, mail_server() as (mailbox, right):
        done = told(settings, seconds=15.0, risk=[wrong, right])
    assert len(mailbox.mails) == 3
    assert (done.sent, done.failed) == (3, 2), "after two failures in a row it is left alone"
    failed = [row for row in attempts(settings) if row.channel == "risk/1"]
    assert len(failed) == 2
    assert all(row.error and "token" not in row.error for row in failed)
    assert [states for states in sendings(settings) if states[1] == "risk/2"] == [
        (key, "risk/2", "sent", 1) for key in ("one", "two", "three")
    ]


def test_the_others_are_told_while_one_channel_hangs(settings):
    noted(settings, "one")
    with peer(drips) as wrong, mail_server() as (mailbox, right):
        telling = threading.Thread(target=told, args=(settings, 15.0), kwargs={"risk": [wrong, right]})
        telling.start()
        until(lambda: [row[2] for row in sendings(settings) if row[1] == "risk/2"] == ["sent"])
        assert telling.is_alive(), "the other one still hangs"
        assert len(mailbox.mails) == 1
        telling.join(timeout=PATIENCE)
    assert not telling.is_alive()


def test_a_peer_that_drips_is_cut_off_at_the_deadline():
    with peer(drips) as address:
        said = carry(address.get_secret_value(), Message("title", "body"), 2.5)
    assert said == "it took longer than 2.5 seconds"


def test_what_was_told_is_not_told_again_on_a_channel_that_comes_later(settings):
    noted(settings, "one")
    with mail_server() as (mailbox, address), mail_server() as (later, added):
        told(settings, risk=address)
        assert told(settings, risk=[address, added]) == Told()
    assert (len(mailbox.mails), len(later.mails)) == (1, 0)


def test_a_poisoned_message_keeps_no_other_one_back_for_long(settings):
    noted(settings, "poison", "good")
    with mail_server() as (mailbox, address):
        mailbox.refusals = 1
        assert told(settings, risk=address) == Told(1, 1, 0, attempts_error(settings))
    assert [mail["Subject"] for mail in mailbox.mails] == ["[scoring] Title of good"]


def attempts_error(settings):
    return next(f"{row.channel}: {row.error}" for row in attempts(settings) if row.error)


def test_a_channel_that_is_configured_no_more_is_a_failed_try(settings):
    noted(settings, "one")
    with mail_server() as (mailbox, address):
        mailbox.refusals = 2
        told(settings, risk=[address, address])
        make_due(settings)
        done = told(settings, risk=[address])
    assert (done.sent, done.failed) == (1, 1)
    assert "risk/2 is not configured any more" in done.last_failure


@pytest.mark.parametrize(
    "name", ["risk/0", "risk/3", "risk/-1", "risk/", "risk", "", "/1", "other/1", "risk/1/1", "risk/²"]
)
def test_a_name_that_is_none_of_a_channel_has_no_address(name, tmp_path):
    channels = Channels({"risk": [SecretStr(FILE), SecretStr(FILE)]}, tmp_path)
    assert "is not configured any more" in channels.send(name, None)


def test_an_owner_s_name_may_hold_a_slash(tmp_path):
    channels = Channels({"risk/eu": [SecretStr(CONSOLE)]}, tmp_path)
    assert channels.of("risk/eu") == ("risk/eu/1",)


def test_no_secret_is_shown_stored_or_passed_where_others_see_it(settings, caplog):
    caplog.set_level("DEBUG")
    noted(settings, "one")
    with peer(refuses) as wrong, mail_server() as (mailbox, right):
        mailbox.refusals = 1
        channels = Channels({"risk": [wrong, right]}, settings.home)
        tell(settings.database(), channels)
    shown = repr(channels) + caplog.text + repr(attempts(settings)) + repr(sendings(settings))
    assert PASSWORD not in shown
    assert "tokentoken1234" not in shown


def test_what_a_channel_says_is_shown_without_what_stands_in_its_address():
    address = "slack://TokenA12/TokenB34/p%40ssword/#channel?key=abcd&x=1"
    text = "https://hooks/TokenA12 p@ssword p%40ssword abcd x channel: 403"
    assert without_secrets(text, address) == "https://hooks/*** *** *** *** x ***: 403"


def test_a_process_that_says_nothing_or_cannot_start_is_a_failed_try(monkeypatch):
    message = Message("title", "body")
    monkeypatch.setattr("sys.executable", "/bin/true")
    assert carry("json://127.0.0.1", message, 10) == "its process ended with 0"
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert "no process could be started" in carry("json://127.0.0.1", message, 10)


@pytest.mark.parametrize(
    ("error", "attempt", "expected"),
    [
        (None, 1, ("sent", WAITS[0] * 0)),
        (None, 99, ("sent", WAITS[0] * 0)),
        ("refused", 1, ("pending", WAITS[0])),
        ("refused", len(WAITS), ("pending", WAITS[-1])),
        ("refused", len(WAITS) + 1, ("dead", WAITS[0] * 0)),
    ],
)
def test_what_follows_a_try(error, attempt, expected):
    assert following(error, attempt, 0.0) == expected
