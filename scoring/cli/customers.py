"""Commands about one person: all that is held about them, forgetting them, and letting them come back."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scoring.cli.options import By, DataSetName, attached_settings, find_data_set, shell_user

if TYPE_CHECKING:
    from scoring.customers.held import Held

customer = typer.Typer(help="What is held about a person, and forgetting it.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The customer's id; “-” reads it from standard input.")]
Reason = Annotated[str, typer.Option(help="Why, for the record; without the person's name or id.")]


@customer.command("show")
def customer_show(
    name: DataSetName,
    identity: Id,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a person who asks what is held.")] = False,
) -> None:
    """Show all that is held about a person, and where (GDPR art. 15)."""
    from scoring.customers.held import held, subject_of

    with attached_settings() as settings:
        found = held(subject_of(settings, find_data_set(settings, name), _id(identity)))
    if as_json:
        content = {
            "data_set": name,
            "held": {
                place: [{"where": one.where, **one.content} for one in finds] for place, finds in found.places.items()
            },
            "elsewhere": found.elsewhere,
        }
        typer.echo(json.dumps(content, indent=2, default=str, ensure_ascii=False))
        return
    for place, finds in found.places.items():
        typer.echo(f"{place}: {len(finds)}")
        for one in finds:
            typer.echo(f"  {one.where}")
            for key, content in one.content.items():
                typer.echo(f"    {key}: {content}")
    _say_elsewhere(found)


@customer.command("forget")
def customer_forget(
    name: DataSetName,
    identity: Id,
    reason: Reason,
    by: By = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    rewrite_tables: Annotated[
        bool, typer.Option("--rewrite-tables", help="Write the tables anew (VACUUM FULL); locks each meanwhile.")
    ] = False,
) -> None:
    """Erase a person everywhere, and never take them in again (GDPR art. 17). A killed run is finished by another."""
    from scoring.customers.forget import forget, would_erase

    with attached_settings() as settings:
        data_set, who = find_data_set(settings, name), _id(identity)
        if dry_run:
            found = would_erase(settings, data_set, who)
            for place, count in found.counts.items():
                typer.echo(f"{place}: {count}")
            _say_elsewhere(found)
            return
        done = forget(settings, data_set, who, by=by or shell_user(), reason=reason, rewrite_tables=rewrite_tables)
    typer.echo(f"erasure {done.erasure_id} is done; the person is not taken in again.")
    for place, count in done.erased.items():
        typer.echo(f"  {place}: {count}")
    for one in done.elsewhere:
        typer.echo(f"not here: {one}")


@customer.command("readmit")
def customer_readmit(name: DataSetName, identity: Id, reason: Reason, by: By = None) -> None:
    """Let a person who was forgotten come back, with the next snapshot that has them."""
    from scoring.database import transaction
    from scoring.domain.signature import require_signature
    from scoring.snapshots import forgotten

    who = by or shell_user()
    require_signature("A person who comes back", who, reason)
    with attached_settings() as settings, transaction(settings.database()) as connection:
        found = find_data_set(settings, name)
        lifted = forgotten.lift(connection, settings.erasure_secret, found.name, _id(identity), by=who, reason=reason)
    typer.echo(f"erasure {lifted} is lifted: the next snapshot that has the person takes them in as a new customer.")


@customer.command("erasures")
def customer_erasures() -> None:
    """List erasures: none names a person. One that is open was killed: run its command again."""
    from scoring.database import transaction
    from scoring.snapshots import forgotten

    with attached_settings() as settings, transaction(settings.database()) as connection:
        for one in forgotten.listed(connection):
            places = ", ".join(f"{place} {count}" for place, count in (one.places or {}).items())
            typer.echo(
                f"{one.erasure_id}  {one.requested_at:%Y-%m-%d %H:%M}  {one.data_set}  {one.state}  "
                f"by {one.requested_by}: {one.reason}  [{places}]"
            )


def _id(given: str) -> str:
    """The id; from standard input it stands in no shell's history and no list of processes."""
    return sys.stdin.readline().rstrip("\r\n") if given == "-" else given


def _say_elsewhere(found: "Held") -> None:
    if not found.places:
        typer.echo("Nothing is held here.")
    for one in found.elsewhere:
        typer.echo(f"not here: {one}")
