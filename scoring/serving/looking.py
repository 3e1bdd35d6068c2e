"""What is there already: published scores of customers, and which versions are and were in charge."""

import datetime as dt
from typing import Any

from scoring.database import Connection
from scoring.domain.score import Score
from scoring.errors import DefinitionError, NotFound
from scoring.models import ledger
from scoring.publishing import publications
from scoring.publishing.streamed import in_force
from scoring.serving.answers import Answer, refused, told
from scoring.serving.api import Api
from scoring.serving.model import reasons_of
from scoring.serving.problems import Problem
from scoring.serving.published import Published, published, streamed_content


def customer(api: Api, customer_id: str, score: str | None, history: int) -> Answer:
    """The scores of a customer, of all scores or of one: the streamed one that holds, then those of publications.

    ``history`` is how many of the newest publications are looked at.
    """
    catalog = api.board.catalog
    try:
        names = list(catalog.scores) if score is None else [catalog.score(score).name]
    except (NotFound, DefinitionError):
        return refused(Problem(404, "There is no score of this name.", "urn:scoring:not-found"))
    with api.pool.transaction() as connection:
        found = []
        for name in names:
            now = in_force(connection, name, customer_id)
            found += [] if now is None else [streamed_content(now)]
            found += [
                one.content | _stored_reasons(connection, catalog.score(name), one)
                for one in published(connection, name, customer_id, history)
            ]
    if not found:
        return refused(Problem(404, "Nothing is published of this customer.", "urn:scoring:not-found"))
    return told({"customer_id": customer_id, "scores": found})


def _stored_reasons(connection: Connection, score: Score, one: Published) -> dict[str, Any]:
    """The reasons that the publication stores, if it does."""
    stored = publications.reasons_of(connection, one.publication_id, one.customer_id)
    return {"reasons": reasons_of(score, stored)} if stored and score.reasons else {}


def models(api: Api) -> Answer:
    """Of each score the version in charge, what is served, and all promotions."""
    with api.pool.transaction() as connection:
        found = [_ledger(connection, api, name) for name in api.board.catalog.scores]
    return told({"models": found})


def _ledger(connection: Connection, api: Api, name: str) -> dict[str, Any]:
    model = api.board.catalog.score(name).model_name
    rows = ledger.history(connection, model)
    served = api.board.served.get(name)
    return {
        "score": name,
        "model": model,
        "in_charge": rows[0].model_version if rows else None,
        "served": [{"arm": arm.arm, "version": arm.model_version, "share": arm.share} for arm in served.arms]
        if served
        else [],
        "promotions": [
            {
                "version": row.model_version,
                "digest": row.model_digest,
                "from_version": row.from_version,
                "how": row.how,
                "by": row.promoted_by,
                "reason": row.reason,
                "at": row.promoted_at.astimezone(dt.UTC).isoformat(),
            }
            for row in rows
        ],
    }
