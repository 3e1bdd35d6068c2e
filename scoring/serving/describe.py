"""The definitions as callers see them, and the documentation page."""

import html
import json
from typing import Any

from scoring.catalog import Catalog
from scoring.domain.score import Score
from scoring.serving.model import Served


def described(score: Score, catalog: Catalog, served: Served | None) -> dict[str, Any]:
    """A score as GET /v1/scores tells it."""
    data_set = catalog.data_set(score.data_set)
    return {
        "name": score.name,
        "kind": score.kind,
        "title": score.title,
        "description": score.description,
        "data_set": data_set.name,
        "key": data_set.key,  # of several columns: their names, with | between them
        "fields": [
            {
                "name": column.name,
                "type": column.type,
                "nullable": column.nullable,
                "feature": column.name in score.features,
                "values": list(column.values),
                "description": column.description,
            }
            for column in data_set.columns
        ],
        "points": score.points,
        "bands": [{"name": band.name, "upper": band.upper} for band in score.bands],
        "minimum": score.minimum,
        "model": [
            {"arm": arm.arm, "name": arm.model_name, "version": arm.model_version, "digest": arm.model_digest}
            for arm in (served.arms if served else ())
        ],
        "definition_digest": served.definition_digest if served else None,
    }


def docs_page(described_by: dict[str, Any]) -> str:
    """The OpenAPI description as a page without scripts."""
    parts = [f"<h1>{html.escape(described_by['info']['title'])}</h1>"]
    for path, operations in described_by["paths"].items():
        for method, one in operations.items():
            parts.append(f"<h2>{method.upper()} {html.escape(path)}</h2><p>{html.escape(one.get('summary', ''))}</p>")
            parts.append(f"<p>{html.escape(one.get('description', ''))}</p>")
            examples = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
            for name, example in examples.items():
                shown = html.escape(json.dumps(example["value"], indent=2))
                parts.append(f"<h3>{html.escape(name)}</h3><pre>{shown}</pre>")
    style = "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{overflow:auto}"
    head = f"<meta charset='utf-8'><title>Scoring API</title><style>{style}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>"
