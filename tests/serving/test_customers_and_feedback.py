"""What is published of a customer can be read with its passport; what happened to him can be told."""

import pytest
from factories import AUGUST, JULY, JUNE, customers, published, query, snapshot_of
from factories_outcomes import known_of
from factories_serving import running
from shop_definitions import LEAVING, SPENDING

from scoring.publishing.passport import passport


@pytest.fixture
def api(shop):
    for as_of in (JUNE, JULY):
        snapshot_of(shop, customers(20, mood=0.5 if as_of == JULY else 0.25), as_of)
        for score in (LEAVING, SPENDING):
            published(shop, score, as_of)
    with running(shop) as found:
        yield found


def test_a_customers_scores_come_with_their_passports_and_their_history(shop, api):
    found = api.client.get("/v1/customers/c0007/scores").json()["scores"]
    assert [(one["score"], one["as_of"]) for one in found] == [("leaving", str(JULY)), ("spending", str(JULY))]
    known = passport(shop, "leaving", "c0007")
    said = found[0]["passport"]
    assert found[0]["value"] == known.row.value
    assert (said["model_version"], said["model_digest"]) == (known.arm.model_version, known.arm.model_digest)
    assert (said["snapshot_digest"], said["publication_id"]) == (
        known.snapshot.digest,
        known.publication.publication_id,
    )
    assert (said["run_id"], said["checksum"]) == (known.publication.run_id, known.publication.checksum)
    history = api.client.get("/v1/customers/c0007/scores?score=leaving&history=5").json()["scores"]
    assert [one["as_of"] for one in history] == [str(JULY), str(JUNE)]
    for path in ("c9999/scores", "c0007/scores?score=none", "%00/scores"):
        assert api.client.get(f"/v1/customers/{path}").status_code in (404, 422)


def test_definitions_and_models_are_told(api):
    leaving, spending = api.client.get("/v1/scores").json()["scores"]
    assert (leaving["kind"], leaving["points"], leaving["bands"][0]) == (
        "classification",
        1000,
        {"name": "low", "upper": 0.3},
    )
    assert [field["name"] for field in spending["fields"] if field["feature"]] == ["spend", "visits"]
    (first, _) = api.client.get("/v1/models").json()["models"]
    assert (first["score"], first["in_charge"], first["served"][0]["version"]) == ("leaving", 1, 1)
    assert first["promotions"][0]["how"] == "adopted"


def outcome(number, value, **others):
    return {"customer_id": f"c{number:04d}", "score": "spending", "as_of": str(JUNE), "value": value} | others


def test_outcomes_go_through_the_same_judgement_and_what_is_not_new_adds_nothing(shop, api):
    told = [
        outcome(1, 12.5),
        outcome(2, "7.25", observed_at="2024-07-15T10:00:00Z"),
        outcome(3, -4),
        outcome(4, 1, as_of=str(AUGUST)),
        outcome(99, 3),
        outcome(5, 1, score="none"),
        outcome(6, None),
        outcome(7, 1, observed_at="2023-01-01"),
        outcome(8, 1) | {"extra": 1},
    ]
    answer = api.client.post("/v1/outcomes", json={"outcomes": told}).json()
    found = [
        one["problem"]["detail"] if "problem" in one else one["result"]["customer_id"] for one in answer["results"]
    ]
    assert found[:2] == ["c0001", "c0002"]
    for said, word in zip(
        found[2:8],
        ("minimum", "no publication", "unknown customer", "no score", "errors", "before the cohort"),
        strict=True,
    ):
        assert word in said, said
    assert known_of(shop) == {"c0001": 12.5, "c0002": 7.25}
    before = query(shop, "SELECT count(*) FROM scoring.outcome")
    again = api.client.post("/v1/outcomes", json={"outcomes": told[:2]}).json()
    assert again["accepted"] == 2
    assert query(shop, "SELECT count(*) FROM scoring.outcome") == before
    months = [outcome(1, 1, as_of=f"2023-{month:02d}-{day}") for month in range(1, 13) for day in ("01", "02")]
    assert api.client.post("/v1/outcomes", json={"outcomes": months}).status_code == 413


def test_a_correction_says_who_and_why_and_wins(shop, api):
    api.client.post("/v1/outcomes", json={"outcomes": [outcome(1, 12.5)]})
    ann = {"author": "ann", "reason": "the till was wrong"}
    first, again = (
        api.client.post("/v1/corrections", json={"corrections": [outcome(1, 20, **ann)]}).json()["results"][0]["result"]
        for _ in range(2)
    )
    assert (first["value"], first["known"], again["known"]) == (20.0, False, True)
    assert known_of(shop) == {"c0001": 20.0}
    (kept,) = query(shop, "SELECT author, reason FROM scoring.outcome WHERE origin = 'human'")
    assert tuple(kept) == ("ann (API key tests)", "the till was wrong")
    for wrong in (
        outcome(1, 1, author=" ", reason="x"),
        outcome(1, 1, author="ann"),
        outcome(1, "much", **ann),
        outcome(99, 1, **ann),
    ):
        assert api.client.post("/v1/corrections", json={"corrections": [wrong]}).status_code == 422
    assert api.client.post("/v1/corrections", json={"corrections": [outcome(1, 1, **ann)] * 101}).status_code == 413
