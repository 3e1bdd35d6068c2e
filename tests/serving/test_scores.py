"""A record gets the number that a publication would give its customer, or a problem that says why not."""

import pytest
from factories import JUNE, customers, published, query, snapshot_of
from factories_serving import record, running
from shop_definitions import LEAVING, SPENDING


@pytest.fixture
def api(shop):
    with running(shop) as found:
        yield found


def ask(api, score, *records):
    return api.client.post(f"/v1/scores/{score}", json={"records": list(records)})


@pytest.mark.parametrize("score", [LEAVING, SPENDING], ids=lambda score: score.name)
def test_every_customer_of_a_publication_gets_the_published_number_to_the_last_bit(shop, api, score):
    snapshot_of(shop, customers(60))
    published(shop, score, JUNE)
    rows = query(shop, "SELECT * FROM scoring.current_score ORDER BY customer_id")
    together = ask(api, score.name, *(record(number) for number in range(60))).json()["results"]
    for number, row in enumerate(rows):
        (alone,) = ask(api, score.name, record(number)).json()["results"]
        for found in (alone["result"], together[number]["result"]):
            said = (found["customer_id"], found["value"], found["points"], found["band"], found["arm"])
            assert said == (row.customer_id, row.value, row.points, row.band, row.arm)
            assert found["model"]["version"] == row.model_version
