"""Trains a new version on the newest mature cohorts, lets the gate judge it, and puts it in charge if it may be.

Every step finds itself done: the same inputs give the same version, the same verdict and no second promotion, so a run
that was killed anywhere is completed by the next.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.learning import gates
from scoring.learning.cohorts import Cohort, mature, parted
from scoring.learning.gate import checks
from scoring.learning.gates import NewVerdict, Verdict
from scoring.learning.promotion import FIRST, promote
from scoring.learning.training import Inputs, Training, inputs_digest
from scoring.learning.trial import compare, held_out, scorer_of
from scoring.models import charge, ledger
from scoring.models.ledger import Decision, Promotion
from scoring.models.registry import Registry
from scoring.models.tags import ModelRef
from scoring.settings import Settings

JUDGED = 1  # part of each digest: another way to judge is another input
GATE = "the gate"


@dataclass(frozen=True)
class Retrained:
    """What came of it.

    Parameters
    ----------
    ref
        The new version, or the one that the same inputs gave before.
    verdict
        What the gate said; None where there was nothing to compare with, ``because`` says why.
    promotion
        The row of the ledger, if it was put in charge now.
    waits
        Whether a person is asked.
    tried
        Whether an experiment is to try it.
    because
        One sentence: what was decided and why.
    """

    ref: ModelRef
    verdict: Verdict | None
    promotion: Promotion | None
    waits: bool
    because: str
    tried: bool = False


def retrain(
    settings: Settings,
    score: Score,
    as_of: dt.date,
    *,
    known_at: dt.datetime | None = None,
    reason: str,
    only_register: bool = False,
) -> Retrained:
    """Train, compare and, if the definition allows it, promote.

    Parameters
    ----------
    as_of
        Cohorts count whose horizon ended by this date.
    known_at
        Only what was recorded until then counts (aware). None: all that is known.
    reason
        Why it is trained, for the record.
    only_register
        Register and compare the version, but do not put it in charge.

    Raises
    ------
    NotFound
        If there are not enough mature cohorts.
    PermanentError
        If there is nothing to learn, or the estimator fails.
    """
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    at = known_at or dt.datetime.now(dt.UTC)
    with transaction(settings.database()) as connection:
        inputs = _inputs(connection, score, as_of, at)
    digest = inputs_digest(score, data_set, inputs)
    ref = registry.find_made_of(score.model_name, digest)
    if ref is None:
        ref = Training(settings, score, data_set, registry, inputs).register(digest, as_of, reason)
    champion = charge.find_in_charge(settings.database(), registry, score.model_name)
    if champion is None:
        made = promote(settings, score, ref, FIRST)
        return Retrained(ref, None, made, waits=False, because="It is the first version, and in charge.")
    if champion == ref:
        charge.follow(settings.database(), registry, score.model_name)  # a run that was killed may not have come to it
        return Retrained(ref, None, None, waits=False, because="These inputs gave the version that is in charge.")
    verdict = judge(settings, score, ref, champion, inputs.held_out)
    if verdict is None:
        return Retrained(ref, None, None, waits=False, because=_unfair(champion, inputs))
    with transaction(settings.database()) as connection:
        back = ledger.rolled_back(connection, ref.name, ref.version)
    if back is not None:  # a person knew better: no rule undoes that
        because = f"{ref} was rolled back by {back.promoted_by} ({back.reason}); only a person puts it in charge again."
        return Retrained(ref, verdict, None, waits=False, because=because)
    return _concluded(settings, score, ref, verdict, only_register=only_register)


def judge(
    settings: Settings, score: Score, ref: ModelRef, champion: ModelRef, cohorts: Sequence[Cohort]
) -> Verdict | None:
    """What the gate says of a challenger on the cohorts that came after all that the champion has learned from.

    The same inputs were judged once. None if no cohort is left.
    """
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    learned = registry.trained_on(champion)
    fair = [one for one in cohorts if learned is None or one.as_of > learned.as_of]
    if not fair:
        return None
    policy = score.learning.promotion
    inputs = digest_of(
        [JUDGED, ref.digest, champion.digest, [one.content for one in fair], policy.model_dump(mode="json"),
         score.headline, score.monitoring.threshold]
    )  # fmt: skip
    with transaction(settings.database()) as connection:
        found = gates.find(connection, score.model_name, ref.version, inputs)
        if found is not None:
            return found
        held = held_out(connection, score, data_set, fair)
    both = (scorer_of(registry, score, data_set, champion), scorer_of(registry, score, data_set, ref))
    trial = compare(score, data_set, both, held, registry.size(ref))
    new = NewVerdict(
        score=score.name,
        model_name=score.model_name,
        challenger=ref.version,
        champion=champion.version,
        held_out=[one.as_of for one in fair],
        known_at=max(one.known_at for one in fair),
        customers=len(held.outcomes),
        metric=score.headline,
        inputs_digest=inputs,
    )
    with transaction(settings.database()) as connection:
        return gates.find(connection, score.model_name, ref.version, inputs) or gates.add(
            connection, new, checks(trial, policy)
        )


def approve(settings: Settings, score: Score, ref: ModelRef, *, by: str, reason: str) -> Promotion | None:
    """Put a version in charge that the gate let pass, because a person approves it; None if it is in charge already.

    Raises
    ------
    PermanentError
        If the gate's newest verdict on it is not that it passes, or is about a version that is not in charge any more.
    """
    with transaction(settings.database()) as connection:
        verdict = gates.newest(connection, score.model_name, ref.version)
    if verdict is None or not verdict.passed:
        raise PermanentError(
            f"{ref} cannot be approved: {'the gate has refused it' if verdict else 'the gate has not judged it'}.",
            remedy="To put it in charge nevertheless: "
            f"`scoring model promote {score.name} {ref.version} --reason <why>`.",
        )
    made = promote(settings, score, ref, Decision("approval", by, reason, verdict.gate_id), instead_of=verdict.champion)
    with transaction(settings.database()) as connection:
        in_charge = ledger.in_charge(connection, ref.name)
    if made is None and in_charge is not None and in_charge.model_version != ref.version:
        raise PermanentError(
            f"{ref} cannot be approved: it was compared with version {verdict.champion}, and version "
            f"{in_charge.model_version} is in charge by now.",
            remedy=f"Compare it with that: `scoring model retrain {score.name} --as-of <date>`.",
        )
    return made


def _concluded(settings: Settings, score: Score, ref: ModelRef, verdict: Verdict, *, only_register: bool) -> Retrained:
    with transaction(settings.database()) as connection:
        found = gates.checks_of(connection, verdict.gate_id)
        waits = verdict.passed and score.learning.promotion.by == "person" and not only_register
        if waits:
            report = gates.report(verdict, found)
            fact = wording.approval_waiting(
                score.name, score.owner, verdict.gate_id, model=ref.name, version=ref.version, report=report
            )
            note(connection, fact)
    refused = "; ".join(one.said for one in found if not one.passed)
    because = refused or found[0].said
    tried = verdict.passed and score.learning.promotion.by == "experiment" and not only_register
    made = None
    if verdict.passed and not waits and not tried and not only_register:
        decision = Decision("gate", GATE, because, verdict.gate_id)
        made = promote(settings, score, ref, decision, instead_of=verdict.champion)
        if made is None:
            because = f"Another version than {verdict.champion}, with which it was compared, is in charge by now."
    return Retrained(ref, verdict, made, waits=waits, because=because, tried=tried)


def _inputs(connection: Connection, score: Score, as_of: dt.date, at: dt.datetime) -> Inputs:
    learning = score.learning
    found = mature(connection, score, as_of, at, learning.cohorts + learning.held_out)
    learned, held = parted(found, learning.cohorts, learning.held_out)
    if not learned:
        raise NotFound(
            f"{score.name} cannot be trained at {as_of}: {len(found)} of its cohorts are mature, "
            f"{learning.held_out + 1} are needed ({learning.held_out} to compare versions on).",
            remedy="Collect outcomes (`scoring outcome collect`), or wait until the next cohort is mature.",
        )
    return Inputs(learned, held)


def _unfair(champion: ModelRef, inputs: Inputs) -> str:
    dates = ", ".join(str(one.as_of) for one in inputs.held_out)
    return f"{champion} has learned from what it would be compared on ({dates}); the champion stays."


def report_of(settings: Settings, found: Retrained) -> str:
    """The gate's report, or why there is none."""
    if found.verdict is None:
        return found.because
    with transaction(settings.database()) as connection:
        return gates.report(found.verdict, gates.checks_of(connection, found.verdict.gate_id))


def window_of(score: Score, cohorts: int | None) -> Score:
    """The same score with another number of cohorts to learn from, as a form may say."""
    if cohorts is None:
        return score
    return score.model_copy(update={"learning": score.learning.model_copy(update={"cohorts": cohorts})})
