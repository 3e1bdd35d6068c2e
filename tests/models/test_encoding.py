"""What a model was trained on travels with it: a definition that changed since fits, or what differs is named."""

from dataclasses import replace

import pytest
from factories import JUNE, customers, published_rows, query, register, snapshot_of
from hypothesis import given
from hypothesis import strategies as st
from mlflow.tracking import MlflowClient
from shop_definitions import LEAVING, SHOP

from scoring.domain.dataset import Column
from scoring.errors import IntegrityError, PermanentError
from scoring.models.encoding import Encoding, Feature, misfits
from scoring.models.fitting import fitting_encoding
from scoring.models.registry import Registry
from scoring.models.tags import ModelRef

PLAN = Feature("plan", "category", ("free", "paid"))
AGE = Feature("age", "integer")

CASES = {  # learned, defined, what is said
    "the same": ((AGE, PLAN), (AGE, PLAN), []),
    "another order of features": ((AGE, PLAN), (PLAN, AGE), []),
    "another order of values": ((PLAN,), (Feature("plan", "category", ("paid", "free")),), []),
    "a value less": ((PLAN,), (Feature("plan", "category", ("paid",)),), []),
    "a value inserted": (
        (PLAN,),
        (Feature("plan", "category", ("free", "gold", "paid")),),
        ["category 'plan' has values that the model has never seen: 'gold'"],
    ),
    "many values added: five are named": (
        (PLAN,),
        (Feature("plan", "category", ("free", "paid", *"abcdef")),),
        ["category 'plan' has values that the model has never seen: 'a', 'b', 'c', 'd', 'e'"],
    ),
    "a new feature": ((AGE,), (AGE, PLAN), ["feature 'plan' is new: the model was trained without it"]),
    "a feature less": ((AGE, PLAN), (AGE,), ["feature 'plan' is gone: the model was trained with it"]),
    "another type": (
        (AGE,),
        (Feature("age", "number"),),
        ["feature 'age' is of type 'number': the model was trained with 'integer'"],
    ),
}

TYPED = {  # learned, defined, what is said
    "shown in another way": (Encoding((AGE,), "typed"), Encoding((AGE,)), []),
    "never missing, and still": (
        Encoding((replace(AGE, nullable=False),), "typed"), Encoding((replace(AGE, nullable=False),)), []
    ),
    "missing before, never now": (Encoding((AGE,), "typed"), Encoding((replace(AGE, nullable=False),)), []),
    "may be missing now": (
        Encoding((replace(AGE, nullable=False),), "typed"),
        Encoding((AGE,), "typed"),
        ["feature 'age' may be missing now: the model was trained with it always there"],
    ),
    "a value inserted that is shown as missing": (
        Encoding((PLAN,), unseen="null"), Encoding((Feature("plan", "category", ("free", "gold", "paid")),)), []
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TYPED.values(), ids=TYPED)
def test_how_features_are_shown_is_the_versions_own_business(case):
    learned, defined, said = case
    assert misfits(learned, defined) == said


def test_codes_are_written_as_they_always_were_and_typed_features_say_so():
    assert Encoding((AGE, PLAN)).content == [["age", "integer", []], ["plan", "category", ["free", "paid"]]]
    typed = Encoding((replace(AGE, nullable=False), PLAN), "typed")
    assert typed.content == {
        "shown": "typed", "features": [["age", "integer", [], False], ["plan", "category", ["free", "paid"], True]]
    }  # fmt: skip
    with pytest.raises(ValueError, match="'pictures'"):
        Encoding.from_content({"shown": "pictures", "features": []})


def test_a_version_keeps_its_way_if_the_definition_shows_features_in_another():
    typed = LEAVING.model_copy(update={"features_as": "typed"})
    for made, now in ((typed, LEAVING), (LEAVING, typed)):
        learned = Encoding.of(made, SHOP)
        ref = ModelRef("leaving", 1, "0" * 64, encoding=learned)
        assert fitting_encoding(ref, now, SHOP) == learned


names = st.sampled_from(["a", "b", "c", "d"])
features = st.builds(Feature, names, st.sampled_from(["integer", "category"]), st.lists(names, unique=True).map(tuple))
encodings = st.builds(
    lambda found, shown: Encoding(tuple(found), shown),
    st.lists(features, unique_by=lambda feature: feature.name),
    st.sampled_from(["codes", "typed"]),
)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_definition_fits_a_model_or_it_is_said_what_differs(case):
    learned, defined, said = case
    assert misfits(Encoding(learned), Encoding(defined)) == said


@given(encodings)
def test_an_encoding_fits_itself_and_survives_the_way_through_json(encoding):
    assert misfits(encoding, encoding) == []
    assert Encoding.from_content(encoding.content) == encoding
    assert Encoding.from_content(encoding.content).digest == encoding.digest


@given(encodings, encodings)
def test_only_equal_encodings_have_the_same_digest(one, other):
    assert (one.digest == other.digest) == (one == other)


def test_the_encoding_of_a_definition_has_the_features_in_the_order_of_the_score_as_the_data_set_types_them():
    expected = [["mood", "number", []], ["visits", "integer", []], ["plan", "category", ["free", "paid"]]]
    assert Encoding.of(LEAVING, SHOP).content == expected


def changed_plan(*values):
    columns = [
        column if column.name != "plan" else Column(name="plan", type="category", values=values)
        for column in SHOP.columns
    ]
    return SHOP.model_copy(update={"columns": tuple(columns)})


def test_positions_are_those_that_the_model_learned_whatever_the_definition_says():
    ref = ModelRef("leaving", 1, "0" * 64, encoding=Encoding.of(LEAVING, SHOP))
    assert fitting_encoding(ref, LEAVING, changed_plan("paid", "free")) == Encoding.of(LEAVING, SHOP)


def test_an_inserted_category_is_refused_and_nothing_is_planned(own_registry, tmp_path, monkeypatch):
    snapshot_of(own_registry, customers(9))
    (tmp_path / "gold_definitions.py").write_text(
        "import shop_definitions\nfrom shop_definitions import LEAVING, SPENDING\n"
        "columns = [c if c.name != 'plan' else c.model_copy(update={'values': ('free', 'gold', 'paid')})"
        " for c in shop_definitions.SHOP.columns]\n"
        "SHOP = shop_definitions.SHOP.model_copy(update={'columns': tuple(columns)})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from scoring.publishing.plan import plan

    changed = own_registry.model_copy(update={"definitions": "gold_definitions"})
    with pytest.raises(PermanentError, match=r"'leaving' does not fit its model leaving version 1: .*'gold'.*train"):
        plan(changed, LEAVING, JUNE, run_id="test")
    assert query(own_registry, "SELECT * FROM scoring.publication") == []


def forget_tags(settings, *tags):
    uri = settings.mlflow_tracking_uri.get_secret_value()
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    for tag in tags:
        client.delete_model_version_tag("leaving", "1", tag)
    return client


def test_a_version_of_the_first_release_is_taken_over_with_the_definition_that_it_was_trained_with(own_registry):
    client = forget_tags(own_registry, "encoding.0", "scikit_learn")
    client.set_model_version_tag("leaving", "1", "data_set_digest", SHOP.digest)
    assert published_rows(own_registry, LEAVING, customers(9)).rows == 9
    ref = Registry(own_registry.mlflow_tracking_uri.get_secret_value()).find_champion("leaving")
    with pytest.raises(PermanentError, match=r"does not say what it was trained on.*'shop' has changed.*scoring train"):
        fitting_encoding(ref, LEAVING, changed_plan("gold", "free", "paid"))


def test_an_encoding_that_is_damaged_is_no_encoding(own_registry):
    forget_tags(own_registry).set_model_version_tag("leaving", "1", "encoding.0", '[["mood"')
    with pytest.raises(IntegrityError, match=r"leaving version 1 has a tag 'encoding' that cannot be read"):
        Registry(own_registry.mlflow_tracking_uri.get_secret_value()).find_champion("leaving")


def test_a_long_encoding_is_kept_whole(own_registry):
    values = tuple(f"value number {number:06d} of a long category" for number in range(5000))
    wide = changed_plan(*values)
    ref = register(own_registry, LEAVING, data_set=wide)
    assert ref.encoding == Encoding.of(LEAVING, wide)
