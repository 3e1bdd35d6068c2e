"""Why a score is what it is: the API says what a publication stores, with the definition's texts."""

import pytest
from explained_shop import LEAVING, TEXT
from factories import customers, published_rows
from factories_serving import record, running


@pytest.fixture
def explained(shop):
    return shop.model_copy(update={"definitions": "explained_shop"})


@pytest.fixture
def api(explained):
    with running(explained) as found:
        yield found


def asked(api, query, *records, **headers):
    return api.client.post(f"/v1/scores/leaving{query}", json={"records": list(records)}, headers=headers).json()


def test_reasons_are_those_that_the_publication_stores(explained, api):
    published_rows(explained, LEAVING, customers(20))
    results = asked(api, "?reasons=true", *(record(number) for number in range(20)))["results"]
    for number, found in enumerate(results):
        (stored,) = api.client.get(f"/v1/customers/c{number:04d}/scores?score=leaving").json()["scores"]
        assert found["result"]["reasons"] == stored["reasons"]
        assert found["result"]["value"] == stored["value"]
        for reason in stored["reasons"]:
            assert reason["text"] == (TEXT.up if reason["direction"] == "up" else TEXT.down)
            assert (reason["direction"] == "up") == (reason["contribution"] > 0)
    assert sum(len(found["result"]["reasons"]) for found in results) > 10


def test_without_being_asked_for_no_reasons_are_told(api):
    (found,) = asked(api, "", record(1))["results"]
    assert "reasons" not in found["result"]


def test_the_same_key_with_and_without_reasons_is_another_request(api):
    assert asked(api, "", record(1), **{"Idempotency-Key": "k"})["accepted"] == 1
    again = asked(api, "?reasons=true", record(1), **{"Idempotency-Key": "k"})
    assert again["type"] == "urn:scoring:idempotency-key-reused"


def test_a_score_whose_definition_has_no_reasons_says_so(shop):
    with running(shop) as api:
        answer = api.client.post("/v1/scores/leaving?reasons=true", json={"records": [record(1)]})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:scoring:no-reasons"
