"""Commands that show one thing with all that is known of it: a data set, a score, a snapshot, a publication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scoring.catalog import load_catalog
from scoring.cli.options import DataSetName, ScoreName, attached_settings, console, find_data_set, find_score
from scoring.cli.shown import in_charge, reading, source_of, table_of
from scoring.errors import NotFound

if TYPE_CHECKING:  # what counts is imported where it is used: --help must not wait
    from scoring.publishing.publications import Publication
    from scoring.snapshots.manifest import Snapshot

showing = typer.Typer(help="One data set, score, snapshot or publication with all that is known.", no_args_is_help=True)


@showing.command("data-set")
def show_data_set(name: DataSetName) -> None:
    """Show a data set: its source, columns and scores."""
    with attached_settings() as settings:
        one = find_data_set(settings, name)
        scores = load_catalog(settings.definitions).scores_of(name)
        _lines(
            {
                "data set": f"{one.name}: {one.title}",
                "description": one.description,
                "owner": one.owner,
                "key": ", ".join(one.key_columns),
                "source": source_of(one),
                "schedule": f"{one.schedule or 'by hand'}, from {one.first_as_of} to {one.last_as_of or 'now on'}",
                "stream": one.stream.topic if one.stream else "",
                "suite": one.suite_name,
                "quarantine limit": f"{one.quarantine_limit:.2%}",
                "scores": ", ".join(score.name for score in scores) or "none",
                "digest": one.digest,
            }
        )
        table = table_of("column", "type", "null", "values", "description")
        for column in one.columns:
            null = "may be" if column.nullable else "never"
            table.add_row(column.name, column.type, null, ", ".join(column.values), column.description)
        console().print(table)


@showing.command("score")
def show_score(name: ScoreName) -> None:
    """Show a score: what it predicts, from what, who is in charge and what is published."""
    from scoring.publishing import publications

    with reading() as (settings, connection):
        one = find_score(settings, name)
        newest = publications.published(connection, name, None)
        horizon = " ".join(
            f"{number} {unit if number > 1 else unit[:-1]}" for unit, number in one.target.horizon if number
        )
        _lines(
            {
                "score": f"{one.name}: {one.title}",
                "description": one.description,
                "owner": one.owner,
                "data set": one.data_set,
                "kind": one.kind,
                "target": f"{one.target.column}, {horizon} later",
                "features": ", ".join(str(feature) for feature in one.features),
                "bands": ", ".join(f"{band.name} (to {band.upper:g})" for band in one.bands),
                "in charge": in_charge(connection, one),
                "published": f"{newest.as_of}, publication {newest.publication_id}" if newest else "nothing",
                "digest": one.digest,
            }
        )


@showing.command("snapshot")
def show_snapshot(snapshot_id: Annotated[int, typer.Argument(help="An id of `scoring list snapshots`.")]) -> None:
    """Show a snapshot: its counts, its file, and the rules that rows break."""
    from scoring.snapshots import manifest

    with reading() as (_, connection):
        one = manifest.by_id(connection, snapshot_id)
        if one is None:
            raise NotFound(f"There is no snapshot {snapshot_id}.", remedy="See `scoring list snapshots`.")
        _lines(_of_snapshot(one))
        for broken in one.broken_rules:
            typer.echo(f"{broken['rows']:,} rows are quarantined by {broken['rule']} ({broken['column']})")
        for warning in one.warnings:
            typer.echo(f"warning: {warning['rule']} ({warning['column'] or 'table'}): {warning['observed']}")


@showing.command("publication")
def show_publication(
    publication_id: Annotated[int, typer.Argument(help="An id of `scoring list publications`.")],
) -> None:
    """Show a publication: what it was made from, and what was told of it."""
    from scoring.publishing import publications

    with reading() as (_, connection):
        one = publications.by_id(connection, publication_id)
        if one is None:
            raise NotFound(f"There is no publication {publication_id}.", remedy="See `scoring list publications`.")
        _lines(_of_publication(one))
        for arm in publications.arms(connection, publication_id):
            share = f", {arm.share:.0%} of the customers" if arm.share is not None else ""
            typer.echo(f"{arm.arm:<20} {arm.model_name} version {arm.model_version} ({arm.model_digest[:12]}){share}")


def _of_snapshot(one: Snapshot) -> dict[str, str]:
    return {
        "snapshot": f"{one.snapshot_id}: {one.data_set} {one.as_of}, {one.state}",
        "stopped because": one.stopped_because or "",
        "source": one.source,
        "received": f"{one.received:,}",
        "accepted": f"{one.accepted:,}" + (f", {one.erased} of them forgotten since" if one.erased else ""),
        "quarantined": f"{one.quarantined:,}",
        "duplicates": f"{one.duplicates:,}",
        "file": f"{one.location} ({one.file})",
        "digest": one.digest,
    }


def _of_publication(one: Publication) -> dict[str, str]:
    return {
        "publication": f"{one.publication_id}: {one.score} {one.as_of}, {one.state}",
        "snapshot": str(one.snapshot_id),
        "scores": "" if one.rows is None else f"{one.rows:,}",
        "changes told": "" if one.changed is None else f"{one.changed:,}",
        "run": one.run_id,
        "code version": one.code_version,
        "definition": one.definition_digest,
        "inputs": one.inputs_digest,
        "checksum": one.checksum or "",
    }


def _lines(about: dict[str, str]) -> None:
    """The facts that there are, a line each."""
    for label, said in about.items():
        if said:
            typer.echo(f"{label:<20} {said}")
