"""Commands about the scoring API: run it, and its keys."""

import datetime as dt
from typing import Annotated

import typer

from scoring.cli.options import By, attached_settings, shell_user
from scoring.settings import load_api_settings, load_settings

api_key = typer.Typer(help="Keys of the scoring API.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id of a key, as `scoring api-key list` shows it.")]


def api() -> None:
    """Serve the scoring API: SCORING_API_HOST, SCORING_API_PORT; see docs/api.md."""
    from scoring.serving.server import serve

    serve(load_settings(), load_api_settings())


@api_key.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scope: Annotated[list[str], typer.Option(help="What it may do: read, score, feedback, metrics. Repeat it.")],
    *,
    per_minute: Annotated[int, typer.Option(min=1, help="Most requests in a minute.")] = 6000,
    days: Annotated[int | None, typer.Option(min=1, help="How long it is valid. Default: until it is revoked.")] = None,
    by: By = None,
) -> None:
    """Make a key. It is shown once and stored nowhere."""
    from scoring.database import transaction
    from scoring.serving import key_store, keys

    unknown = sorted(set(scope) - set(keys.SCOPES))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(keys.SCOPES)}", param_hint="--scope")
    if not name.strip():
        raise typer.BadParameter("it says whose key it is", param_hint="NAME")
    key_id, secret = keys.new_id(), keys.new_secret()
    with attached_settings() as settings, transaction(settings.database()) as connection:
        key_store.add(
            connection,
            key_id,
            keys.digest_of(secret),
            name=name,
            scopes=sorted(set(scope)),
            per_minute=per_minute,
            by=by or shell_user(),
            valid_for=None if days is None else dt.timedelta(days=days),
        )
    typer.echo(keys.written(key_id, secret))


@api_key.command("list")
def list_() -> None:
    """List all keys: state, scopes, limit, when each was used last."""
    from scoring.database import transaction
    from scoring.serving import key_store

    now = dt.datetime.now(dt.UTC)
    with attached_settings() as settings, transaction(settings.database()) as connection:
        for key in key_store.all_of(connection):
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
            until = f"  until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
            scopes = ",".join(key.scopes)
            about = f"{key.key_id}  {key.state(now):<8} {key.name:<20} {scopes:<28}"
            typer.echo(f"{about} {key.per_minute:>6}/min  used {used}{until}")


@api_key.command("rotate")
def rotate(
    key_id: KeyId,
    grace_hours: Annotated[float, typer.Option(min=0, help="How long the old secret is valid, too.")] = 24.0,
) -> None:
    """Give a key another secret. It is shown once; the old one is valid for a while."""
    from scoring.database import transaction
    from scoring.serving import key_store, keys

    secret = keys.new_secret()
    with attached_settings() as settings, transaction(settings.database()) as connection:
        key_store.rotate(connection, key_id, keys.digest_of(secret), dt.timedelta(hours=grace_hours))
    typer.echo(keys.written(key_id, secret))


@api_key.command("revoke")
def revoke(key_id: KeyId) -> None:
    """End a key for good, within SCORING_API_KEY_CACHE_SECONDS."""
    from scoring.database import transaction
    from scoring.serving import key_store

    with attached_settings() as settings, transaction(settings.database()) as connection:
        key_store.revoke(connection, key_id)
    typer.echo(f"Key {key_id} is revoked.")
