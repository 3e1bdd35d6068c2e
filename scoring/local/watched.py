"""The scoring API and the exporter as parts of the local platform, and what ``run`` measures of them."""

import datetime as dt
import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.database import Connection, transaction
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import IntegrityError
from scoring.local.environment import LOOPBACK
from scoring.local.keys import Keys
from scoring.publishing import publications
from scoring.publishing.publications import Publication
from scoring.serving import key_store
from scoring.serving.keys import SCOPES, digest_of, written
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.keys import record_of

KEY_ID = "0" * 12  # an id is 12 hexadecimal digits
CALLS = 500
PER_MINUTE = 1_000_000
TIMEOUT_SECONDS = 30.0


def api_key(keys: Keys) -> str:
    """The API key of the local platform, which may do all."""
    return written(KEY_ID, keys.api_key.get_secret_value())


def admit(settings: Settings, keys: Keys) -> None:
    """Let the API know the local platform's key."""
    digest = digest_of(keys.api_key.get_secret_value())
    with transaction(settings.database()) as connection:
        known = key_store.find(connection, KEY_ID)
        if known is None:
            key_store.add(
                connection,
                KEY_ID,
                digest,
                name="the local platform",
                scopes=SCOPES,
                per_minute=PER_MINUTE,
                by="scoring",
                valid_for=None,
            )
        elif known.digest != digest:  # the file of keys is new, the database is not
            key_store.rotate(connection, KEY_ID, digest, dt.timedelta())


def answers(port: int, path: str = "/readyz") -> bool:
    """Whether a part answers 200."""
    try:
        return _get(port, path, {})[0] == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


@dataclass(frozen=True)
class Asked:
    """What came of some calls of the API: milliseconds at p50, p95 and p99, and how many gave the published value."""

    score: str
    calls: int
    milliseconds: tuple[float, float, float]
    as_published: int

    @property
    def line(self) -> str:
        """One line for the end of ``run``."""
        p50, p95, p99 = self.milliseconds
        return (
            f"API: {self.calls} calls for {self.score}, p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms; "
            f"{self.as_published} gave the published value to the last bit."
        )


def ask(connection: Connection, score: Score, data_set: DataSet, port: int, keys: Keys) -> Asked | None:
    """Ask the API about customers of the newest publication, one at a time; None if there is none."""
    with connection:
        published = publications.published(connection, score.name, None)
        if published is None:
            return None
        some = _some(connection, published, data_set)
        rows = [publications.row_of(connection, published.publication_id, one[data_set.key]) for one in some]
    customers = [record_of(data_set, one) for one in some]
    headers = {"Authorization": f"Bearer {api_key(keys)}", "Content-Type": "application/json"}
    server = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS)
    passed, values = [], []
    for record in customers:
        body, began = json.dumps({"records": [record]}, default=str), time.perf_counter()
        server.request("POST", f"/v1/scores/{score.name}", body, headers)
        answer = json.loads(server.getresponse().read())
        passed.append((time.perf_counter() - began) * 1000)
        values.append(answer["results"][0].get("result", {}).get("value"))
    server.close()
    same = sum(row is not None and row.value == value for row, value in zip(rows, values, strict=True))
    p50, p95, p99 = (float(p) for p in np.percentile(passed, (50, 95, 99)))
    return Asked(score.name, len(passed), (p50, p95, p99), same)


def _some(connection: Connection, published: Publication, data_set: DataSet) -> list[dict[str, Any]]:
    """The first customers of a publication's snapshot."""
    snapshot = manifest.by_id(connection, published.snapshot_id)
    if snapshot is None:
        raise IntegrityError(f"{published.name} has lost its snapshot {published.snapshot_id}.")
    with lake.SnapshotFile(snapshot.location) as file:
        found: list[dict[str, Any]] = (
            next(iter(file.groups([column.name for column in data_set.stored]))).slice(0, CALLS).to_pylist()
        )
    return found


def series(port: int, token: str) -> int:
    """How many series a part exports at ``/metrics``."""
    _, text = _get(port, "/metrics", {"Authorization": f"Bearer {token}"})
    return sum(1 for line in text.splitlines() if line and not line.startswith("#"))


def _get(port: int, path: str, headers: dict[str, str]) -> tuple[int, str]:
    server = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS)
    try:
        server.request("GET", path, headers=headers)
        answer = server.getresponse()
        return answer.status, answer.read().decode()
    finally:
        server.close()
