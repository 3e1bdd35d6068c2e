"""The shapes of answers and bodies, as OpenAPI describes them."""

from typing import Any

from scoring.serving.problems import MEDIA_TYPE, TITLES

STRING, NUMBER, INTEGER = {"type": "string"}, {"type": "number"}, {"type": "integer"}
MAYBE_STRING, MAYBE_INTEGER, MAYBE_NUMBER = ({"type": [kind, "null"]} for kind in ("string", "integer", "number"))
DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def shape(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def listed(of: dict[str, Any]) -> dict[str, Any]:
    """A list."""
    return {"type": "array", "items": of}


def answer(schema: dict[str, Any], description: str = "Done.") -> dict[str, Any]:
    """A JSON answer."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


PROBLEM_FIELDS = {"type": STRING, "title": STRING, "status": INTEGER, "detail": STRING}
FIELD_ERROR = shape({"field": STRING, "value": {}, "rule": STRING})
ONE_PROBLEM = shape(PROBLEM_FIELDS, {"errors": listed(FIELD_ERROR)})
PROBLEM = shape(PROBLEM_FIELDS, {"errors": listed(FIELD_ERROR), "results": listed(shape({"problem": ONE_PROBLEM}))})

REASONS = listed(
    shape({"feature": STRING, "contribution": NUMBER, "direction": {"enum": ["up", "down"]}, "text": STRING})
)
RESULT = shape(
    {
        "customer_id": STRING,
        "value": NUMBER,
        "points": MAYBE_INTEGER,
        "band": MAYBE_STRING,
        "model": shape({"name": STRING, "version": INTEGER, "digest": DIGEST}),
        "arm": {"enum": ["champion", "challenger"]},
        "experiment": MAYBE_INTEGER,
        "definition_digest": DIGEST,
    },
    {"reasons": REASONS},
)


def either(result: dict[str, Any]) -> dict[str, Any]:
    """What became of each record."""
    return listed({"oneOf": [shape({"result": result}), shape({"problem": ONE_PROBLEM})]})


SCORE_ANSWER = answer(
    shape({"score": STRING, "results": either(RESULT), "accepted": INTEGER, "refused": INTEGER}),
    "Per record a result or a problem, in the order of the request.",
)
RECEIPT = shape(
    {"customer_id": STRING},
    {"batch": INTEGER, "known": {"type": "boolean"}, "value": NUMBER, "recorded_at": STRING},
)
FEEDBACK_ANSWER = answer(
    shape({"results": either(RECEIPT), "accepted": INTEGER, "refused": INTEGER}),
    "Per record a receipt or a problem, in the order of the request.",
)
PASSPORT = shape(
    {
        "model_name": STRING, "model_version": INTEGER, "model_digest": DIGEST, "trained_with": MAYBE_STRING,
        "scored_with": MAYBE_STRING, "experiment_id": MAYBE_INTEGER, "share": MAYBE_NUMBER, "snapshot_id": INTEGER,
        "snapshot_digest": DIGEST, "definition_digest": DIGEST, "publication_id": INTEGER, "checksum": STRING,
        "run_id": STRING, "code_version": STRING,
    }
)  # fmt: skip
STREAM_PASSPORT = shape(
    {
        "model_name": STRING, "model_version": INTEGER, "model_digest": DIGEST, "trained_with": MAYBE_STRING,
        "scored_with": MAYBE_STRING, "experiment_id": MAYBE_INTEGER, "share": MAYBE_NUMBER,
        "definition_digest": DIGEST, "code_version": STRING, "topic": STRING, "partition_id": INTEGER,
        "message_offset": INTEGER,
    }
)  # fmt: skip
_SCORE = {
    "score": STRING, "as_of": STRING, "value": NUMBER, "points": MAYBE_INTEGER, "band": MAYBE_STRING, "arm": STRING,
}  # fmt: skip
PUBLISHED = shape(_SCORE | {"published_at": STRING, "passport": PASSPORT}, {"reasons": REASONS})
STREAMED = shape(_SCORE | {"event_time": STRING, "scored_at": STRING, "passport": STREAM_PASSPORT})
CUSTOMER_ANSWER = answer(
    shape({"customer_id": STRING, "scores": listed({"oneOf": [PUBLISHED, STREAMED]})}),
    "The newest first, score by score; a streamed score that holds before those of publications.",
)
SCORES_ANSWER = answer(shape({"scores": listed({"type": "object"})}))
MODELS_ANSWER = answer(shape({"models": listed({"type": "object"})}))
READY_ANSWER = answer(shape({"status": STRING}, {"troubles": listed(STRING)}))

_COHORT = {"customer_id": STRING, "score": STRING, "as_of": {"type": "string", "format": "date"}}
_VALUE = {"value": {"type": ["number", "string", "boolean"]}}


def body(name: str, item: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    """A body that holds one list."""
    schema = shape({name: listed(item) | {"minItems": 1}})
    content = {"schema": schema, "examples": {title: {"value": {name: [one]}} for title, one in examples.items()}}
    return {"required": True, "content": {"application/json": content}}


OUTCOMES = body(
    "outcomes",
    shape(_COHORT | _VALUE, {"observed_at": MAYBE_STRING}),
    {
        "an amount": {
            "customer_id": "00000001", "score": "next_payment", "as_of": "2005-06-30", "value": 1500,
            "observed_at": "2005-07-31",
        }
    },
)  # fmt: skip
CORRECTIONS = body(
    "corrections",
    shape(_COHORT | _VALUE | {"author": STRING, "reason": STRING}),
    {
        "a correction": {
            "customer_id": "00000001", "score": "next_payment", "as_of": "2005-06-30", "value": 1400,
            "author": "ann", "reason": "the till was wrong",
        }
    },
)  # fmt: skip

ALWAYS = (401, 403, 429, 431, 500, 503, 504)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer: those that all may, and ``statuses``."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    every = sorted({*statuses, *ALWAYS, *((408,) if 413 in statuses else ())})  # noqa: PLR2004 - HTTP
    return {status: {"description": TITLES[status], "content": content} for status in every}
