"""Removes old model versions and training runs that nothing refers to, and says what the others learned from."""

from dataclasses import dataclass

from scoring.catalog import Catalog
from scoring.database import transaction
from scoring.maintain import observed, retirement
from scoring.maintain.report import Part, Removed
from scoring.maintain.rules import Run, VersionSeen, version_stays, younger
from scoring.models.shelf import Shelf, Shelved, TrainingRun
from scoring.settings import Settings

VERSIONS, RUNS = "model versions", "training runs"


@dataclass(frozen=True)
class Looked:
    """What there is of the models: versions and runs that may go, and why the others stay.

    ``learned`` names a kept version by the date and digest of each snapshot that it learned from or was tried on.
    """

    parts: tuple[Part, Part]
    versions: list[Shelved]
    runs: list[TrainingRun]
    learned: dict[tuple[str, str], str]


def look(settings: Settings, shelf: Shelf, catalog: Catalog, run: Run) -> Looked:
    """Look at the models of all scores; at none while a definition has a mistake."""
    with transaction(settings.database()) as connection:
        referred = observed.referred(connection, run.keep.versions)
    versions, runs = Part(VERSIONS), Part(RUNS)
    found = Looked((versions, runs), [], [], {})
    known = [] if catalog.problems else catalog.scores.values()
    for model in sorted({score.model_name for score in known}):
        kept_runs = set()
        for newer, one in enumerate(shelf.versions(model)):
            seen = VersionSeen(one.model, one.version, one.made_at, newer)
            reason = version_stays(seen, run.keep, run.now, referred=referred)
            if reason is None:
                versions.removed.append(Removed(str(seen), 1))
                found.versions.append(one)
            else:
                versions.stays[reason] += 1
                kept_runs.add(one.run_id)
                found.learned.update({(str(on.as_of), on.snapshot_digest): str(seen) for on in one.saw})
        for training in shelf.runs(model):
            reason = "a kept version was made by it" if training.run_id in kept_runs else None
            reason = reason or younger(training.made_at, run.keep.model_runs, run.now)
            if reason is None:
                runs.removed.append(Removed(f"run {training.name} {training.run_id}", 1))
                found.runs.append(training)
            else:
                runs.stays[reason] += 1
    return found


def remove(settings: Settings, shelf: Shelf, found: Looked) -> None:
    """Remove what may go: versions first, so that none is left without its run; then the runs, with their files.

    A run that an earlier call has begun with is finished.
    """
    for version in found.versions:
        shelf.remove_version(version)
        with transaction(settings.database()) as connection:
            what = f"{version.model} version {version.version}"
            retirement.begin(connection, VERSIONS, what, 1)
            retirement.end(connection, VERSIONS, what)
    with transaction(settings.database()) as connection:
        begun = retirement.unfinished(connection, RUNS)
        for run in found.runs:
            retirement.begin(connection, RUNS, run.run_id, 1)
    leaving = [*begun, *(run.run_id for run in found.runs)]
    for run_id in leaving:
        shelf.remove_run(run_id)
    if not leaving:
        return
    if not shelf.collect_garbage(leaving) and found.runs:
        last = found.parts[1].removed[-1]
        found.parts[1].removed[-1] = Removed(last.what + "; `mlflow gc` at the server removes the files", last.rows)
    with transaction(settings.database()) as connection:
        retirement.end(connection, RUNS)
