"""Commands that list what there is: data sets, scores, snapshots, publications, models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scoring.catalog import load_catalog
from scoring.cli.options import console, find_data_set, find_score
from scoring.cli.shown import in_charge, reading, source_of, table_of

if TYPE_CHECKING:
    from scoring.catalog import Catalog

listing = typer.Typer(
    help="What there is: without a name of a list, data sets and scores.", invoke_without_command=True
)

MOST = 50
Most = Annotated[int, typer.Option("--most", min=1, help="At most so many, the newest first.")]


@listing.callback()
def overview(context: typer.Context) -> None:
    """List data sets and scores, unless another list is named."""
    if context.invoked_subcommand is None:
        list_data_sets()
        list_scores()


@listing.command("data-sets")
def list_data_sets() -> None:
    """List the data sets with their newest snapshot."""
    from scoring.snapshots import manifest

    with reading() as (settings, connection):
        catalog = load_catalog(settings.definitions)
        table = table_of("data set", "source", "schedule", "columns", "newest snapshot", "accepted")
        for name, one in catalog.data_sets.items():
            newest = next(iter(manifest.listed(connection, name, 1)), None)
            cells = (str(newest.as_of), f"{newest.accepted:,}") if newest else ("none", "")
            table.add_row(name, source_of(one), one.schedule or "by hand", str(len(one.columns)), *cells)
        console().print(table)
        _say_problems(catalog)


@listing.command("scores")
def list_scores() -> None:
    """List the scores with who is in charge and their newest publication."""
    from scoring.publishing import publications

    with reading() as (settings, connection):
        table = table_of("score", "data set", "kind", "in charge", "newest publication", "customers")
        for name, one in load_catalog(settings.definitions).scores.items():
            newest = publications.published(connection, name, None)
            cells = (str(newest.as_of), f"{newest.rows or 0:,}") if newest else ("none", "")
            table.add_row(name, one.data_set, one.kind, in_charge(connection, one), *cells)
        console().print(table)


@listing.command("snapshots")
def list_snapshots(
    data_set: Annotated[str | None, typer.Argument(metavar="[DATA_SET]", help="Only of this one.")] = None,
    most: Most = MOST,
) -> None:
    """List the snapshots, the newest date first."""
    from scoring.snapshots import manifest

    with reading() as (settings, connection):
        if data_set is not None:
            find_data_set(settings, data_set)
        table = table_of(
            "id", "data set", "as of", "state", "received", "accepted", "quarantined", "duplicates", "digest"
        )
        for one in manifest.listed(connection, data_set, most):
            counts = (f"{number:,}" for number in (one.received, one.accepted, one.quarantined, one.duplicates))
            table.add_row(str(one.snapshot_id), one.data_set, str(one.as_of), one.state, *counts, one.digest[:12])
        console().print(table)


@listing.command("publications")
def list_publications(
    score: Annotated[str | None, typer.Argument(metavar="[SCORE]", help="Only of this one.")] = None, most: Most = MOST
) -> None:
    """List the publications, the newest date first."""
    from scoring.publishing import publications

    with reading() as (settings, connection):
        if score is not None:
            find_score(settings, score)
        table = table_of("id", "score", "as of", "state", "scores", "told", "model version", "checksum")
        for one in publications.listed(connection, score, most):
            versions = ", ".join(str(arm.model_version) for arm in publications.arms(connection, one.publication_id))
            counts = ("" if number is None else f"{number:,}" for number in (one.rows, one.changed))
            table.add_row(
                str(one.publication_id), one.score, str(one.as_of), one.state, *counts, versions,
                (one.checksum or "")[:12],
            )  # fmt: skip
        console().print(table)


@listing.command("models")
def list_models() -> None:
    """List each score's versions that were ever in charge, the newest first; `scoring model list` knows the others."""
    from scoring.models import ledger

    with reading() as (settings, connection):
        table = table_of("score", "version", "in charge since", "how", "decided by", "reason")
        for name, one in load_catalog(settings.definitions).scores.items():
            for row in ledger.history(connection, one.model_name):
                since = f"{row.promoted_at:%Y-%m-%d %H:%M}"
                table.add_row(name, str(row.model_version), since, row.how, row.promoted_by, row.reason)
        console().print(table)


def _say_problems(catalog: Catalog) -> None:
    for problem in catalog.problems:
        typer.echo(f"wrong definition: {problem}", err=True)
