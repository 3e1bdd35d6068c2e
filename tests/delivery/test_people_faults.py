"""Killed between fact and sending, or while sending: an alert is sent once or twice with one reference, never not."""

import os
import re
import signal
import threading

import psycopg2
from factories import query
from factories_faults import together, wait_until_somebody_waits
from factories_people import mail_server, noted, sendings
from waiting import PATIENCE, until

from scoring.delivery.people.channels import Channels
from scoring.delivery.people.tell import tell

CHILD = """
import os
from pathlib import Path
from scoring.delivery.people.channels import Channels
from scoring.delivery.people.tell import tell
from scoring.settings import load_channel_settings, load_settings
tell(load_settings().database(), Channels(load_channel_settings().channels, Path(os.environ["HOME"])))
"""


CLAIMED = "SELECT FROM pg_locks WHERE relation = 'scoring.alert_sending'::regclass AND pid <> pg_backend_pid()"


def sender(forks, settings, address):
    secret = address.get_secret_value()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(settings.home),
        "SCORING_DATABASE_URL": settings.database(),
        "SCORING_CHANNELS": f'{{"risk": ["{secret}"]}}',
    }
    return forks.start(["-c", CHILD], environment)


def kill(process):
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=PATIENCE) == -signal.SIGKILL


def references(mailbox):
    return [re.search(r"alert-\d+", text)[0] for text in mailbox.texts]


def test_killed_between_the_fact_and_its_channels_it_is_sent_by_the_next_run(settings, forks):
    noted(settings, "one")
    holder = psycopg2.connect(settings.database())
    with mail_server() as (mailbox, address), holder.cursor() as cursor:
        cursor.execute("LOCK TABLE scoring.alert_sending IN SHARE MODE")
        process = sender(forks, settings, address)
        wait_until_somebody_waits(settings, lambda: process.poll() is None)
        kill(process)
        holder.rollback()
        assert sendings(settings) == []
        tell(settings.database(), Channels({"risk": [address]}, settings.home))
        assert len(mailbox.mails) == 1
    holder.close()


def test_killed_while_sending_it_is_sent_again_with_the_same_reference(settings, forks):
    noted(settings, "one")
    with mail_server() as (mailbox, address):
        mailbox.hold = threading.Event()
        process = sender(forks, settings, address)
        until(lambda: len(mailbox.mails) == 1)
        kill(process)
        mailbox.hold.set()
        assert sendings(settings) == [("one", "risk/1", "pending", 0)]

        def sent():
            tell(settings.database(), Channels({"risk": [address]}, settings.home))
            return sendings(settings) == [("one", "risk/1", "sent", 1)]

        until(sent)
    first, second = references(mailbox)
    assert first == second


def test_killed_after_sending_and_before_it_is_recorded_it_is_sent_again_with_the_same_reference(settings, forks):
    noted(settings, "one", "two")
    holder = psycopg2.connect(settings.database())
    with mail_server() as (mailbox, address), holder.cursor() as cursor:
        cursor.execute("LOCK TABLE scoring.alert_attempt IN SHARE MODE")
        process = sender(forks, settings, address)
        wait_until_somebody_waits(settings, lambda: process.poll() is None)
        assert len(mailbox.mails) == 1
        kill(process)
        holder.rollback()
        until(lambda: not query(settings, "SELECT FROM pg_locks WHERE relation = 'scoring.alert_sending'::regclass"))
        tell(settings.database(), Channels({"risk": [address]}, settings.home))
    assert sorted(references(mailbox)) == ["alert-1", "alert-1", "alert-2"]
    holder.close()


def test_two_runs_at_once_share_the_work_and_send_nothing_twice(settings):
    noted(settings, *[f"fact {number}" for number in range(6)])
    with mail_server() as (mailbox, address), mail_server() as (other, elsewhere):
        channels = Channels({"risk": [address, elsewhere]}, settings.home)
        done = together(*[lambda: tell(settings.database(), channels)] * 2)
    assert sum(one.sent for one in done) == 12
    assert sorted(references(mailbox)) == sorted(references(other)) == [f"alert-{number}" for number in range(1, 7)]
