"""The description is valid, and what it says is what is answered, whatever is asked."""

import importlib
import pkgutil
from contextlib import suppress

import schemathesis
from factories import JUNE, customers, published, snapshot_of
from factories_serving import running
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from shop_definitions import LEAVING

# Imported before the API runs: pytest rewrites each of these modules, and Python 3.11 fails if two threads do that.
for module in pkgutil.walk_packages(schemathesis.__path__, "schemathesis."):
    if module.name.startswith(("schemathesis.specs.openapi", "schemathesis.generation", "schemathesis.core")):
        importlib.import_module(module.name)

QUICK = settings(max_examples=6, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_the_description_is_valid_and_has_an_example_of_each_score(shop):
    with running(shop) as api:
        described = api.client.get("/openapi.json").json()
        page = api.client.get("/docs").text
    validate(described)
    examples = described["paths"]["/v1/scores/{score}"]["post"]["requestBody"]["content"]["application/json"][
        "examples"
    ]
    assert set(examples) == {"leaving", "spending"}
    assert "POST /v1/scores/{score}" in page
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == (path not in ("/healthz", "/readyz"))


def test_whatever_is_asked_nothing_breaks_and_answers_are_as_described(shop):
    snapshot_of(shop, customers(20))
    published(shop, LEAVING, JUNE)
    with running(shop) as api:
        headers = {"Authorization": api.client.headers["authorization"]}
        schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json", headers=headers)
        for operation in schema.get_all_operations():
            for mode in GenerationMode:

                @QUICK
                @given(operation.ok().as_strategy(generation_mode=mode))
                def check(case):
                    case.call_and_validate(headers=headers, checks=CHECKS)

                with suppress(Unsatisfiable):  # where nothing is asked for, nothing can be asked wrongly
                    check()
