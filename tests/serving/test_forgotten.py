"""A person who was forgotten is not scored by the API either, and no request that names them is kept."""

import pytest
from factories import customers, query, snapshot_of
from factories_serving import record, running
from shop_definitions import SHOP
from waiting import until

from scoring.customers.forget import forget


@pytest.fixture
def api(shop):
    snapshot_of(shop, customers(5))
    with running(shop) as found:
        yield found


def ask(api, *numbers, key):
    body = {"records": [record(number) for number in numbers]}
    return api.client.post("/v1/scores/leaving", json=body, headers={"Idempotency-Key": key})


def test_who_was_forgotten_is_refused_and_their_kept_requests_are_gone(shop, api):
    assert ask(api, 1, 2, key="before").json()["accepted"] == 2
    assert ask(api, 3, key="of another").json()["accepted"] == 1
    forget(shop, SHOP, "c0001", by="Ann", reason="a letter")
    until(lambda: api.api.board.forgotten["shop"].fingerprints)
    refused, other = ask(api, 1, 2, key="after").json()["results"]
    assert refused["problem"]["type"] == "urn:scoring:forgotten"
    assert other["result"]["customer_id"] == "c0002"
    kept = query(shop, "SELECT idempotency, customers FROM scoring.api_request")
    assert kept == [("of another", ["c0003"])]
