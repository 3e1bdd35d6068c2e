"""Who is in charge of a model: the ledger decides, and MLflow's alias follows it. Nothing else moves the alias."""

from scoring.database import transaction
from scoring.errors import IntegrityError, NotFound
from scoring.models import ledger
from scoring.models.ledger import Decision, Promotion
from scoring.models.registry import Registry
from scoring.models.tags import ModelRef

ADOPTED = Decision("adopted", "scoring", "It was MLflow's champion when its ledger began.")


def in_charge(database: str, registry: Registry, name: str) -> ModelRef:
    """The version in charge, as the ledger says it.

    Raises
    ------
    NotFound
        If there is none.
    IntegrityError
        If the registry has another file under that version than was promoted.
    """
    found = find_in_charge(database, registry, name)
    if found is None:
        raise NotFound(
            f"Model {name!r} has no champion.",
            remedy=f"Train one: `scoring train {name} --as-of <date>`; the first version is put in charge.",
        )
    return found


def find_in_charge(database: str, registry: Registry, name: str) -> ModelRef | None:
    """The version in charge, or None.

    A model without a row in the ledger but with MLflow's alias is of a time before the ledger: it is adopted.
    """
    with transaction(database) as connection:
        row = ledger.in_charge(connection, name)
    if row is None:
        return _adopted(database, registry, name)
    return _checked(registry, row)


def follow(database: str, registry: Registry, name: str) -> int | None:
    """Point MLflow's alias at the version in charge if it points elsewhere; returns where it pointed, else None.

    The row is read and the alias moved under the ledger's lock, so that of two callers neither undoes the other.
    """
    with transaction(database) as connection:
        ledger.lock(connection, name)
        row = ledger.in_charge(connection, name)
        if row is None:
            return None
        pointed = registry.alias_of(name)
        if pointed == row.model_version:
            return None
        registry.move_alias(row)
    return pointed or 0


def _adopted(database: str, registry: Registry, name: str) -> ModelRef | None:
    ref = registry.find_champion(name)
    if ref is None:
        return None
    with transaction(database) as connection:
        ledger.lock(connection, name)
        row = ledger.in_charge(connection, name) or ledger.add(connection, name, ref.version, ref.digest, ADOPTED)
    return ref if row.model_version == ref.version else _checked(registry, row)


def _checked(registry: Registry, row: Promotion) -> ModelRef:
    ref = registry.version(row.model_name, row.model_version)
    if ref.digest != row.model_digest:
        raise IntegrityError(
            f"Model {ref} was put in charge with the file {row.model_digest[:12]}; the registry has {ref.digest[:12]}.",
            remedy="Restore the registry, or put another version in charge: `scoring model promote`.",
        )
    return ref
