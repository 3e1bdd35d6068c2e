"""Every fact that people are told, in words: what it is, whose, and what to do about it. Pure."""

import datetime as dt
from collections.abc import Sequence

from scoring.alerts.facts import ADMINISTRATORS, Fact

MANY_COLUMNS = 20  # more names are not read


def partition_stopped(
    data_set: str, owner: str, as_of: dt.date, snapshot_id: int, *, because: str, remedy: str
) -> Fact:
    """Validation stopped a partition: nothing of it is visible, and no score is computed from it."""
    return Fact(
        "partition_stopped",
        f"{data_set} {as_of} snapshot {snapshot_id}",
        owner,
        f"{data_set} {as_of} was stopped",
        f"{because} Nothing of it is visible, and no score is computed from it.",
        remedy,
    )


def task_failed(
    dag: str, task: str, owner: str, *, occurrence: str, as_of: str, run: str, error: str, remedy: str
) -> Fact:
    """A task failed for good; ``occurrence`` tells this failure from others of the same task."""
    return Fact(
        "task_failed",
        f"{dag} {task} {occurrence}",
        owner,
        f"{dag}: the task {task} failed",
        f"The task {task} of the DAG {dag} failed for good. Partition: {as_of}. Run: {run}.\n{error}",
        remedy,
    )


def score_overdue(score: str, owner: str, as_of: dt.date, *, what: str, remedy: str) -> Fact:
    """A score is not published although its deadline has passed."""
    return Fact("score_overdue", f"{score} {as_of}", owner, f"{score} {as_of} is overdue", what, remedy)


def drift(score: str, owner: str, as_of: dt.date, publication_id: int, *, columns: Sequence[str], against: str) -> Fact:
    """The customers of a publication differ from those before; ``against`` says which, e.g. ``the training snapshot``.

    ``columns`` are those that drifted, the largest change first.
    """
    named = ", ".join(columns[:MANY_COLUMNS]) + (" and others" if len(columns) > MANY_COLUMNS else "")
    return Fact(
        "drift",
        f"{score} {as_of} publication {publication_id} {against}",
        owner,
        f"{score} {as_of}: {len(columns)} columns have drifted",
        f"The customers of {score} at {as_of} differ from {against}, in this order: {named}.",
        "Look at the drift report. If the source changed, have it corrected and ingest the partition again; if the "
        "customers changed, see whether an update of the model is needed.",
    )


def update_needed(score: str, owner: str, as_of: dt.date, model: str, *, because: str) -> Fact:
    """A model version needs an update; told once for it. ``because`` is the evidence, in sentences."""
    return Fact(
        "update_needed",
        f"{score} {model}",
        owner,
        f"{score}: {model} needs an update",
        f"Seen at {as_of}: {because}",
        f"Train a new version (`scoring train {score} --as-of <date>`), or say why not: "
        f"`scoring update dismiss {score} --reason <why>`.",
    )


def model_promoted(
    score: str, owner: str, promotion_id: int, *, model: str, before: int | None, by: str, how: str, reason: str
) -> Fact:
    """Another version of a model is in charge; ``model`` names it with its version, ``before`` is the one till then."""
    back = f" To go back: `scoring model rollback {score} --reason <why>`, or the DAG roll_back_model."
    return Fact(
        "model_promoted",
        f"promotion {promotion_id}",
        owner,
        f"{score}: {model} is in charge",
        f"{model} is in charge of {score}, in place of version {before}. Decided by {by} ({how}): {reason}",
        f"Nothing, unless it surprises you.{back}",
    )


def experiment_ended(
    score: str, owner: str, experiment_id: int, *, versions: tuple[int, int], outcome: str, by: str, reason: str
) -> Fact:
    """An experiment ended; ``versions`` are those of champion and challenger."""
    champion, challenger = versions
    found = {
        "challenger_wins": f"the challenger, version {challenger}, wins",
        "champion_stays": f"the champion, version {champion}, stays",
        "stopped": "it was stopped",
    }[outcome]
    return Fact(
        "experiment_ended",
        f"experiment {experiment_id}",
        owner,
        f"{score}: experiment {experiment_id} has ended: {found}",
        f"Experiment {experiment_id} of {score} (version {champion} against {challenger}) has ended: {found}. "
        f"Decided by {by}: {reason}",
        f"`scoring experiment show {score}` shows all its figures, `scoring model list {score}` who is in charge.",
    )


def experiment_blocked(score: str, owner: str, experiment_id: int, *, because: str) -> Fact:
    """The customers of an experiment with known outcomes are not those that it was given."""
    return Fact(
        "experiment_blocked",
        f"experiment {experiment_id} blocked",
        owner,
        f"{score}: experiment {experiment_id} gives no verdict",
        because,
        "Find out why outcomes of one version are missing: a lost delivery, a filter behind the score, or a wrong "
        "join. Mend it, and the next look decides again; or stop it: "
        f"`scoring experiment stop {score} --reason <why>`.",
    )


def approval_waiting(score: str, owner: str, gate_id: int, *, model: str, version: int, report: str) -> Fact:
    """A challenger passes the gate and waits for a person."""
    return Fact(
        "approval_waiting",
        f"gate {gate_id}",
        owner,
        f"{score}: {model} version {version} waits for your approval",
        report,
        f"Approve or reject it in the run of the DAG retrain_{score} that waits (*Required actions*), or put it in "
        f"charge by `scoring model approve {score} {version} --reason <why>`. Until then, and if nobody answers, the "
        "champion stays.",
    )


def alias_moved(score: str, owner: str, *, model: str, pointed: int | None, version: int, day: dt.date) -> Fact:
    """MLflow's alias pointed at another version than the ledger says, and was put back; told once a day."""
    where = f"at version {pointed}" if pointed else "nowhere"
    return Fact(
        "alias_moved",
        f"{model} {where} {day}",
        owner,
        f"{score}: somebody moved MLflow's alias",
        f"The alias champion of the model {model} pointed {where}; version {version} is in charge by the ledger, and "
        "the alias was put back. What is scored follows the ledger, so nothing was scored with another version.",
        f"To put a version in charge: `scoring model promote {score} <version> --reason <why>`.",
    )


def endpoint_disabled(endpoint: str, because: str) -> Fact:
    """Nothing is sent to an endpoint until a person enables it; ``because`` is what the endpoint's row says."""
    return Fact(
        "endpoint_down",
        f"{endpoint} {because}",
        ADMINISTRATORS,
        f"{endpoint} is disabled",
        f"Nothing is sent to {endpoint}: {because}. What waits for it is kept.",
        f"Ask its engineer. When it takes requests again: `scoring endpoint enable {endpoint}`.",
    )


def endpoint_down(endpoint: str, since: dt.datetime | None, *, what: str, remedy: str) -> Fact:
    """An endpoint has not been told for long; told once for each day from which something waits."""
    return Fact(
        "endpoint_down",
        f"{endpoint} waits since {_day(since)}",
        ADMINISTRATORS,
        f"{endpoint} is not reached",
        what,
        remedy,
    )


def dead_deliveries(endpoint: str, day: dt.date, *, what: str) -> Fact:
    """Deliveries to an endpoint were given up; told once a day."""
    return Fact(
        "dead_deliveries",
        f"{endpoint} {day}",
        ADMINISTRATORS,
        f"Deliveries to {endpoint} were given up",
        f"{what} They are kept.",
        f"`scoring delivery list --endpoint {endpoint} --state dead` shows the last answers. When the cause is mended: "
        f"`scoring delivery replay --endpoint {endpoint}`.",
    )


def publication_held(score: str, owner: str, as_of: dt.date, hold_id: int, *, limit: str, digest: str) -> Fact:
    """A publication's changes are not told to the CRM until a person decides; ``limit`` says how many changed."""
    return Fact(
        "publication_held",
        f"{score} {as_of} hold {hold_id}",
        owner,
        f"{score} {as_of} is held back: confirm or reject it",
        f"{limit} Readers see the scores; the CRM is told nothing.\n{digest}",
        f"If the changes are right: `scoring publication confirm {score} {as_of} --by <name>`; if not: "
        f"`scoring publication reject {score} {as_of} --by <name>`. The DAG confirm_publication has a form for both.",
    )


def stream_gap(data_set: str, owner: str, topic: str, partition: int, *, wanted: int, earliest: int) -> Fact:
    """A broker has no more what a stream was to read next."""
    lost = f"{earliest - wanted:,} offsets are lost" if earliest > wanted else "the topic was made anew"
    return Fact(
        "stream_gap",
        f"{topic} partition {partition} offset {wanted} to {earliest}",
        owner,
        f"{data_set}: updates are missing from {topic}",
        f"The broker does not have offset {wanted} of partition {partition} of {topic}: {lost}. Reading goes on at "
        f"{earliest}.",
        "Customers whose updates are missing keep their scores until the next update or batch. Have the topic keep its "
        "messages longer than a worker may be away, and send again what is missing.",
    )


def stream_unread(data_set: str, owner: str, topic: str, since: dt.datetime | None, *, what: str, remedy: str) -> Fact:
    """Nobody reads a stream, or nothing of it is recorded; told once for each day from which it is so."""
    key = f"{topic} since {_day(since)}"
    return Fact("stream_unread", key, owner, f"{data_set}: updates are not scored", what, remedy)


def dead_letters_waiting(
    data_set: str, owner: str, topic: str, since: dt.datetime | None, *, what: str, remedy: str
) -> Fact:
    """The broker does not take dead letters; told once for each day from which the oldest waits."""
    key = f"{topic} since {_day(since)}"
    return Fact("dead_letters_waiting", key, owner, f"{data_set}: dead letters wait for {topic}", what, remedy)


def digest(score: str, owner: str, as_of: dt.date, occurrence: str, *, summary: str, text: str) -> Fact:
    """What a publication changed; ``occurrence`` tells one showing of it from the next, ``summary`` is one line."""
    return Fact(
        "digest",
        f"{score} {as_of} {occurrence}",
        owner,
        f"{score} {as_of}: {summary}",
        text,
        f"Nothing, unless it surprises you. `scoring score passport {score} <customer>` says where a score comes from.",
    )


def _day(since: dt.datetime | None) -> str:
    """The day (UTC) from which something is the case."""
    return f"{since.astimezone(dt.UTC):%Y-%m-%d}" if since else "unknown"
