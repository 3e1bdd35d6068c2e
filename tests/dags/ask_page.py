"""Asks the page inside Airflow's own app; prints its routes and the answers as JSON.

Arguments: a JSON list of requests, each {"path", "login"} with a role of the simple auth manager, or none.
"""

import json
import logging
import sys
from typing import Any

from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.routing import Mount

IN_PATHS = {"{name}": "app.js", "{version}": "0123", "{score}": "churn", "{as_of}": "2025-12-31", "{kind}": "drift"}


def main(asked: list[dict[str, Any]]) -> None:
    """Print everything in one line."""
    airflow = create_app(apps="core")
    (page,) = [route.app for route in airflow.routes if isinstance(route, Mount) and route.path == "/scoring"]
    assert isinstance(page, FastAPI)
    client = TestClient(airflow, raise_server_exceptions=False)
    shown = {"routes": [vars_of(route) for route in page.routes], "answers": [answer(client, one) for one in asked]}
    print("\n" + json.dumps(shown))  # noqa: T201


def vars_of(route: Any) -> dict[str, Any]:
    """A route with a path that fits it."""
    path = f"/scoring{route.path}"
    for name, value in IN_PATHS.items():
        path = path.replace(name, value)
    return {"path": path, "guarded": isinstance(route, APIRoute), "methods": sorted(getattr(route, "methods", []))}


def answer(client: TestClient, asked: dict[str, Any]) -> dict[str, Any]:
    """What is answered to one request."""
    headers = dict(asked.get("headers", {}))
    if asked.get("login"):
        user = SimpleAuthManagerUser(username="somebody", role=asked["login"])
        headers["Authorization"] = f"Bearer {get_auth_manager().generate_jwt(user)}"
    got = client.request(asked.get("method", "GET"), asked["path"], headers=headers, follow_redirects=False)
    return {"status": got.status_code, "headers": dict(got.headers), "text": got.text[:20_000]}


if __name__ == "__main__":
    logging.disable()
    main(json.loads(sys.argv[1]))
