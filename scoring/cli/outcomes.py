"""Commands about what really happened: collect outcomes, correct them, and look at what was said of a customer."""

import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoring.cli.options import AsOf, ScoreName, attached_settings, find_score, moment
from scoring.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from scoring.outcomes.settle import Collected

outcome = typer.Typer(help="What really happened to customers after they were scored.", no_args_is_help=True)

Cohort = Annotated[
    dt.datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The cohort: the date at which the customer was scored."),
]
Author = Annotated[str | None, typer.Option(help="Who says so, for the record; the user of this shell without it.")]


@outcome.command("collect")
def outcome_collect(
    name: ScoreName,
    as_of: AsOf,
    file: Annotated[str | None, typer.Option(help="A file or URL instead of the defined source or snapshot.")] = None,
) -> None:
    """Take in what happened to the customers that were scored at a date."""
    from scoring.outcomes.collect import collect

    with attached_settings() as settings:
        _tell(collect(settings, find_score(settings, name), as_of.date(), path=file, anywhere=True))


@outcome.command("correct")
def outcome_correct(
    name: ScoreName,
    *,
    as_of: Cohort = None,
    customer: Annotated[str | None, typer.Option(help="The customer's id.")] = None,
    value: Annotated[str | None, typer.Option(help="What really happened, as a source would write it.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
    author: Author = None,
    file: Annotated[
        Path | None, typer.Option(help="A CSV file of corrections instead: customer_id, as_of, value, reason.")
    ] = None,
) -> None:
    """Correct the outcome of one customer, or of those in a file; it wins over the system's value from now on."""
    from scoring.outcomes.correct import correct, correct_file

    who = author or _user()
    with attached_settings() as settings:
        score = find_score(settings, name)
        if file is not None:
            if (as_of, customer, value, reason) != (None, None, None, None):
                raise typer.BadParameter("a file has these itself", param_hint="--as-of, --customer, --value, --reason")
            _tell(correct_file(settings, score, str(file.resolve()), author=who, anywhere=True))
            return
        if as_of is None or customer is None or value is None or reason is None:
            raise typer.BadParameter(
                "a correction needs all of them, or --file", param_hint="--as-of, --customer, --value, --reason"
            )
        done = correct(settings, score, as_of.date(), customer, written=value, author=who, reason=reason)
        known = done.outcome
        typer.echo(
            f"{'Known already' if done.found else 'Recorded'}: {name} {known.as_of}, customer {known.customer_id}: "
            f"{known.value!r} since {moment(known.recorded_at)}, by {known.author}"
        )


@outcome.command("history")
def outcome_history(
    name: ScoreName,
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    as_of: Cohort = None,
) -> None:
    """Show all that was ever said about a customer, in the order of recording."""
    from scoring.outcomes.correct import history

    with attached_settings() as settings:
        for said in history(settings, find_score(settings, name), customer, as_of.date() if as_of else None):
            who = f"{said.author}: {said.reason}" if said.origin == "human" else f"batch {said.batch_id}"
            typer.echo(
                f"{said.as_of}  {said.value!r:<12} observed {_time(said.observed_at)}  "
                f"recorded {moment(said.recorded_at)}  {said.origin}  {who}"
            )


@outcome.command("refused")
def outcome_refused(
    batch: Annotated[int, typer.Argument(help="The batch, as `collect` or `correct` names it.")],
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """Show why rows of a batch were refused, and the first of them."""
    from scoring.database import transaction
    from scoring.outcomes import batches

    with attached_settings() as settings, transaction(settings.database()) as connection:
        if not batches.exists(connection, batch):
            raise NotFound(
                f"There is no batch {batch}.",
                remedy="`scoring outcome collect` and `correct` say the number of theirs.",
            )
        refused = batches.refused(connection, batch, limit)
        if not refused:
            typer.echo(f"Nothing of batch {batch} was refused.")
        for reason, rows in batches.reasons(connection, batch):
            typer.echo(f"{rows} rows\t{reason}")
        for row in refused:
            typer.echo(f"row {row.row_number}\t{row.customer_id or '-'}\t{row.content['value']!r}\t{row.reason}")


def _tell(collected: "Collected") -> None:
    others = f"; {collected.others} rows are about other customers" if collected.others else ""
    typer.echo(
        f"batch {collected.batch_id}{' was taken in already' if collected.found else ''}: received "
        f"{collected.received} = recorded {collected.recorded} + unchanged {collected.unchanged} + quarantined "
        f"{collected.quarantined} + duplicates {collected.duplicates}{others}"
    )
    if collected.quarantined:
        typer.echo(f"What was refused: `scoring outcome refused {collected.batch_id}`")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # in a container the user may have no name
        raise ConfigurationError("This user has no name.", remedy="Say who you are with --author.") from error


def _time(when: dt.datetime) -> str:
    return f"{when.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"
