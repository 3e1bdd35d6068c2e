"""Lets the gate judge a version beside the one in charge, and puts it in charge if that may be.

However the version came here, trained or brought. The same inputs give the same verdict and no second promotion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.catalog import load_catalog
from scoring.database import transaction
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.learning import gates
from scoring.learning.cohorts import Cohort
from scoring.learning.gate import checks
from scoring.learning.gates import NewVerdict, Verdict
from scoring.learning.promotion import FIRST, promote
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


def settled(
    settings: Settings,
    score: Score,
    ref: ModelRef,
    cohorts: Sequence[Cohort],
    *,
    only_register: bool = False,
    ask: bool = False,
) -> Retrained:
    """What becomes of a version: the first is put in charge, others are judged on later ``cohorts``.

    Parameters
    ----------
    only_register
        Do not put it in charge, whatever the gate says; a first version is.
    ask
        A person decides, where the definition leaves it to the rule.
    """
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    champion = charge.find_in_charge(settings.database(), registry, score.model_name)
    if champion is None:
        made = promote(settings, score, ref, FIRST)
        return Retrained(ref, None, made, waits=False, because="It is the first version, and in charge.")
    if champion == ref:
        charge.follow(settings.database(), registry, score.model_name)  # a run that was killed may not have come to it
        return Retrained(ref, None, None, waits=False, because="These inputs gave the version that is in charge.")
    verdict = judge(settings, score, ref, champion, cohorts)
    if verdict is None:
        return Retrained(ref, None, None, waits=False, because=_unfair(champion, cohorts))
    with transaction(settings.database()) as connection:
        back = ledger.rolled_back(connection, ref.name, ref.version)
    if back is not None:  # a person knew better: no rule undoes that
        because = f"{ref} was rolled back by {back.promoted_by} ({back.reason}); only a person puts it in charge again."
        return Retrained(ref, verdict, None, waits=False, because=because)
    return _concluded(settings, score, ref, verdict, only_register=only_register, ask=ask)


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


def _concluded(
    settings: Settings, score: Score, ref: ModelRef, verdict: Verdict, *, only_register: bool, ask: bool
) -> Retrained:
    with transaction(settings.database()) as connection:
        found = gates.checks_of(connection, verdict.gate_id)
        by = score.learning.promotion.by
        waits = verdict.passed and (by == "person" or (ask and by == "rule")) and not only_register
        if waits:
            report = gates.report(verdict, found)
            fact = wording.approval_waiting(
                score.name, score.owner, verdict.gate_id, model=ref.name, version=ref.version, report=report
            )
            note(connection, fact)
    refused = "; ".join(one.said for one in found if not one.passed)
    because = refused or found[0].said
    tried = verdict.passed and by == "experiment" and not only_register
    made = None
    if verdict.passed and not waits and not tried and not only_register:
        decision = Decision("gate", GATE, because, verdict.gate_id)
        made = promote(settings, score, ref, decision, instead_of=verdict.champion)
        if made is None:
            because = f"Another version than {verdict.champion}, with which it was compared, is in charge by now."
    return Retrained(ref, verdict, made, waits=waits, because=because, tried=tried)


def _unfair(champion: ModelRef, cohorts: Sequence[Cohort]) -> str:
    if not cohorts:
        return "No cohort is mature on which it could be compared with the champion, which stays."
    dates = ", ".join(str(one.as_of) for one in cohorts)
    return f"{champion} has learned from what it would be compared on ({dates}); the champion stays."


def report_of(settings: Settings, found: Retrained) -> str:
    """The gate's report, or why there is none."""
    if found.verdict is None:
        return found.because
    with transaction(settings.database()) as connection:
        return gates.report(found.verdict, gates.checks_of(connection, found.verdict.gate_id))
