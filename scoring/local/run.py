"""``make run``: runs the main job once under a real Airflow, ends with a table and leaves nothing running."""

import datetime as dt
import time
from functools import partial

import psycopg2

from scoring.catalog import load_catalog
from scoring.database import Connection
from scoring.domain.dag_ids import score_dag
from scoring.errors import ConfigurationError, ScoringError
from scoring.local import results, streamed, watched
from scoring.local.charge import in_charge
from scoring.local.interrupts import interruptible
from scoring.local.partition_run import PartitionRun
from scoring.local.partitions import Work, work_of
from scoring.local.platform import Platform, running_platform
from scoring.local.progress import Progress
from scoring.local.standing import reasons, standing, standing_table
from scoring.local.table import WIDTH, Key, new_events, new_requests, summary
from scoring.settings import Settings

INTERRUPTED = 130


def run(settings: Settings) -> int:
    """Take all partitions through Airflow in order; returns the exit status.

    0: everything is done and told. 1: something failed; the message says what. 130: stopped by a signal.
    """
    progress, began = Progress(), time.monotonic()
    try:
        with interruptible():
            catalog = load_catalog(settings.definitions)
            works = work_of(catalog)
            if not works:
                catalog.raise_problems()
                raise ConfigurationError(
                    "No data set has a schedule with first_as_of, last_as_of and a score. "
                    "Use `make up` and trigger the DAGs in Airflow's UI."
                )
            with running_platform(settings, progress) as platform:
                _complete(platform, works, progress)
            catalog.raise_problems()
    except KeyboardInterrupt:
        progress.say("Stopped; nothing is left running. `make run` goes on where this ended.")
        return INTERRUPTED
    except ScoringError as error:
        progress.say(f"FAILED: {error}")
        return 1
    progress.say(f"Done in {time.monotonic() - began:.0f} s; nothing is left running.")
    return 0


def _complete(platform: Platform, works: list[Work], progress: Progress) -> None:
    definitions = [score for work in works for score in work.scores]
    scores = [score.name for score in definitions]
    seconds: dict[Key, float] = {}
    connection = psycopg2.connect(platform.settings.database())
    try:
        before = results.results(connection, scores)
        for as_of, work in _in_order(works):
            with progress.step(f"{work.data_set.name} {as_of}"):
                partition = PartitionRun(platform, connection, work, as_of, progress)
                partition.complete()
            for score in work.scores:
                seconds[as_of, score.name] = partition.runs[score_dag(score.name)].seconds or 0.0
        after = results.results(connection, scores)
        stand, charge = standing(connection, definitions), in_charge(connection, definitions)
        with progress.step("Scoring API and exporter"):
            watching = _watched(platform, connection, works, progress)
        watching += _streamed(platform, connection, works, progress)
    finally:
        connection.close()
    progress.console.print()
    progress.table(summary(seconds, before, after, seconds), WIDTH)
    found = [stand[key] for key in seconds]
    progress.table(standing_table(found), WIDTH)
    if because := reasons(found):
        progress.say("\n".join(["Updates are needed, because", *(f"  {reason}" for reason in because)]))
    progress.say("\n".join(["In charge are", *charge]))
    progress.say("\n".join(watching))
    unchanged = all(
        key in before and before[key].checksum == after[key].checksum and not new_events(after[key], before[key])
        for key in seconds
    )
    if unchanged and not sum(new_requests(after[key], before.get(key)) for key in seconds):
        progress.say("Everything was done already: the same checksums, 0 new events, 0 requests.")
    progress.say(_where_to_look(platform, works))


def _watched(platform: Platform, connection: Connection, works: list[Work], progress: Progress) -> list[str]:
    """A line about the API and one about the exporter."""
    platform.wait_for_watchers(progress)
    work, port = works[0], platform.exports.port
    asked = watched.ask(connection, work.scores[0], work.data_set, platform.serves.port, platform.keys)
    count = watched.series(port, platform.exports.token.get_secret_value())
    return [*([asked.line] if asked else []), f"Exporter: {count:,} series for Prometheus."]


def _streamed(platform: Platform, connection: Connection, works: list[Work], progress: Progress) -> list[str]:
    """A line about each stream, after some updates were sent through it."""
    scores = {work.data_set.name: work.scores for work in works}
    lines = []
    if platform.kafka is not None and platform.streamed:
        with progress.step("Updates by Kafka"):
            platform.start_streams(progress)
            for data_set in platform.streamed:
                for score in [one for one in scores.get(data_set.name, []) if one.streamed][:1]:
                    wait = partial(platform.wait, what=f"the updates of {data_set.name}", progress=progress, every=0.02)
                    done = streamed.stream(platform.kafka, connection, data_set, score.name, wait)
                    lines += [done.line] if done else []
    return lines


def _in_order(works: list[Work]) -> list[tuple[dt.date, Work]]:
    pairs = [(as_of, work) for work in works for as_of in work.as_ofs]
    return sorted(pairs, key=lambda pair: (pair[0], pair[1].data_set.name))


def _where_to_look(platform: Platform, works: list[Work]) -> str:
    docs = platform.settings.expectations_dir / "uncommitted" / "data_docs" / "index.html"
    score = works[0].scores[0].name
    return "\n".join(
        [
            "",
            "Where to look:",
            f"  what was checked    {docs}",
            f"  what was logged     {platform.places.logs}",
            f"  one score's origin  .venv/bin/scoring score passport {score} <customer>",
            f"  reports             {platform.settings.reports_root}",
            f"  everything, live    make up   (how the scores do: {platform.api.url}/plugin/scoring)",
            "",
        ]
    )
