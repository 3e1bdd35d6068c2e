"""What dashboards are built from: panels, variables and annotations in Grafana's JSON."""

import json
from collections.abc import Sequence
from typing import Any

SOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS = 24
VARIABLES = {
    "score": "label_values(scoring_score_info, score)",
    "data_set": "label_values(scoring_snapshot_received_rows, data_set)",
    "endpoint": "label_values(scoring_endpoint_enabled, endpoint)",
    "route": "label_values(scoring_api_requests_total, route)",
}
ANNOTATIONS = (
    ("Promotions", "blue", 'scoring_model_promotion_timestamp_seconds{score=~"$score"} * 1000', "promoted"),
    ("Retrains", "orange", '(scoring_retrain_request_timestamp_seconds{score=~"$score"} > 0) * 1000', "retrain"),
)  # fmt: skip

Panel = dict[str, Any]


def chart(
    title: str, unit: str, *queries: tuple[str, str], wide: int = 12, stacked: bool = False, **more: Any
) -> Panel:
    """Figures over time; a query is its expression and its legend."""
    drawn = {"lineWidth": 2, "fillOpacity": 30 if stacked else 0, "showPoints": "never"}
    drawn |= {"stacking": {"mode": "normal"}} if stacked else {}
    options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    return _panel("timeseries", title, unit, queries, size=(wide, 8), options=options, custom=drawn, **more)


def number(title: str, unit: str, expression: str, wide: int = 4, **more: Any) -> Panel:
    """The newest figure, coloured by thresholds."""
    options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background", "graphMode": "none"}
    return _panel("stat", title, unit, [(expression, "")], size=(wide, 4), options=options, **more)


def table(title: str, unit: str, expression: str, wide: int = 12, **more: Any) -> Panel:
    """The newest figures, one row for each series."""
    panel = _panel("table", title, unit, [(expression, "")], size=(wide, 8), options={"showHeader": True}, **more)
    panel["targets"][0] |= {"instant": True, "range": False, "format": "table"}
    hidden = dict.fromkeys(("Time", "__name__", "instance", "job"), True)
    panel["transformations"] = [{"id": "organize", "options": {"excludeByName": hidden}}]
    return panel


def _panel(
    kind: str, title: str, unit: str, queries: Any, *, size: tuple[int, int], options: Panel, **more: Any
) -> Panel:
    steps = [{"value": value, "color": colour} for value, colour in more.get("limits", ((None, "green"),))]
    defaults: Panel = {"unit": unit, "thresholds": {"mode": "absolute", "steps": steps}}
    defaults |= {name: more[name] for name in ("min", "max", "custom") if name in more}
    if kind == "timeseries" and "limits" in more:
        defaults["custom"] = defaults["custom"] | {"thresholdsStyle": {"mode": "line"}}
    targets = [
        {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
        for place, (expression, legend) in enumerate(queries)
    ]
    return {
        "type": kind, "title": title, "description": more.get("says", ""), "datasource": SOURCE,
        "gridPos": {"w": size[0], "h": size[1]}, "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options, "targets": targets,
    }  # fmt: skip


def dashboard(name: str, title: str, variables: Sequence[str], panels: list[Panel]) -> str:
    """The JSON of a dashboard, one panel a line; names of variables are those of ``VARIABLES``."""
    head = {
        "uid": f"scoring-{name}", "title": f"Scoring: {title}", "tags": ["scoring"], "schemaVersion": 39, "version": 1,
        "editable": False, "refresh": "1m", "time": {"from": "now-7d", "to": "now"}, "timezone": "utc",
        "links": [{"type": "dashboards", "tags": ["scoring"], "title": "Scoring", "keepTime": True}],
        "templating": {"list": [_variable(one) for one in variables]},
        "annotations": {"list": [_annotation(*one) for one in ANNOTATIONS] if "score" in variables else []},
    }  # fmt: skip
    lines = ",\n".join(json.dumps(panel) for panel in _placed(panels))
    return f'{json.dumps(head)[:-1]},\n"panels": [\n{lines}\n]}}\n'


def _placed(panels: list[Panel]) -> list[Panel]:
    """The panels from left to right, row by row."""
    placed, x, y, high = [], 0, 0, 0
    for place, panel in enumerate(panels, start=1):
        size = panel["gridPos"]
        if x + size["w"] > COLUMNS:
            x, y, high = 0, y + high, 0
        placed.append(panel | {"id": place, "gridPos": size | {"x": x, "y": y}})
        x, high = x + size["w"], max(high, size["h"])
    return placed


def _variable(name: str) -> Panel:
    query = {"query": VARIABLES[name], "refId": name}
    everything = {"text": "All", "value": "$__all"}
    return {
        "name": name, "label": name.replace("_", " "), "type": "query", "datasource": SOURCE, "query": query,
        "definition": VARIABLES[name], "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*",
        "current": everything,
    }  # fmt: skip


def _annotation(title: str, colour: str, expression: str, tag: str) -> Panel:
    """A mark at the time that is the value of a query, in milliseconds."""
    return {
        "name": title, "datasource": SOURCE, "enable": True, "iconColor": colour, "expr": expression,
        "useValueForTime": True, "titleFormat": f"{{{{score}}}} {tag}", "step": "60s",
    }  # fmt: skip
