"""What the command and the DAG call: the worker of a data set's stream, until it is told to end or all is read."""

import logging
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scoring.catalog import load_catalog
from scoring.database import transaction
from scoring.domain.dataset import DataSet
from scoring.settings import KafkaSettings, Settings
from scoring.streaming import offsets, refusals
from scoring.streaming.offsets import Offset
from scoring.streaming.refusals import Refused
from scoring.streaming.worker import Total, Worker


@dataclass(frozen=True)
class Status:
    """How far a stream was read, and how many dead letters wait for the broker."""

    offsets: list[Offset]
    waiting: int


class Beat:
    """A file that a worker touches as it goes round, also while something is away: a health check sees if it hangs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def touch(self) -> None:
        """Touch it. Where it cannot be written the worker goes on: the health check shows it."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)


def work(settings: Settings, kafka: KafkaSettings, data_set: DataSet) -> Total:
    """Read updates until SIGTERM or SIGINT; what is in work then is recorded first. Errors as of :meth:`Worker.run`.

    It touches ``stream-<data set>.beat`` in home (:class:`Beat`).
    """
    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("great_expectations").setLevel("WARNING")  # a hundred lines about itself
    beat = Beat(settings.home / f"stream-{data_set.name}.beat")
    worker = Worker(settings, kafka, data_set, beat=beat.touch)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
    return worker.run()


def drain(settings: Settings, kafka: KafkaSettings, data_set: DataSet) -> Total:
    """Read all updates that have come, then end. Errors as of :meth:`Worker.run`."""
    return Worker(settings, kafka, data_set).run(until_end=True)


def status(settings: Settings, data_set: str | None = None) -> Status:
    """How far the streams of all data sets, or of one, were read."""
    names = [data_set] if data_set else list(load_catalog(settings.definitions).data_sets)
    with transaction(settings.database()) as connection:
        return Status(
            [one for name in names for one in offsets.listed(connection, name)],
            sum(refusals.count_waiting(connection, name) for name in names),
        )


def refused(settings: Settings, data_set: str, most: int) -> list[Refused]:
    """The last messages that were refused, the newest first."""
    with transaction(settings.database()) as connection:
        return refusals.listed(connection, data_set, most)
