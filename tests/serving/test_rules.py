"""How bodies are read and keys are compared: pure rules."""

import datetime as dt
from dataclasses import replace

import pytest

from scoring.intake.messages.text import NotJson, Written, parsed
from scoring.serving import keys


def test_numbers_keep_what_was_written_and_are_no_strings():
    found = parsed(b'{"a": 1e-400, "b": 123456789012345678901234567890, "c": "1", "d": [true, null, -0.10]}')
    assert found == {"a": "1e-400", "b": "123456789012345678901234567890", "c": "1", "d": [True, None, "-0.10"]}
    kinds = [type(found[name]) for name in "abc"] + [type(found["d"][2])]
    assert kinds == [Written, Written, str, Written]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "The body is not JSON: Expecting property name enclosed in double quotes at line 1, column 2."),
        (b"[1,\n x]", "The body is not JSON: Expecting value at line 2, column 2."),
        (b"", "The body is not JSON: Expecting value at line 1, column 1."),
        (b"\xff", "The body is not UTF-8 (byte 0)."),
        (b"[NaN]", "The body is not JSON: NaN is no number."),
        (b"[-Infinity]", "The body is not JSON: -Infinity is no number."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'[{"x": 1, "yy": 2, "yy": 3}]', "The body names 'yy' twice in one object."),
    ],
)
def test_what_is_not_strict_json_is_refused_with_its_place(body, said):
    with pytest.raises(NotJson) as refused:
        parsed(body)
    assert str(refused.value) == said


def test_a_key_is_written_and_read_in_one_way():
    key_id, secret = keys.new_id(), keys.new_secret()
    assert keys.parts(keys.written(key_id, secret)) == (key_id, secret)
    assert keys.parts("sk_a_b_c") == ("a", "b_c")
    for wrong in ("", "sk", "sk_a", "sk_a_", "sk__b", "xx_a_b", "sk_a_\u00e4", "sk_a_\n", "sk_a_" + "b" * keys.LONGEST):
        assert keys.parts(wrong) is None


def test_the_longest_key_is_a_key_and_a_longer_one_is_none():
    longest = "sk_a_".ljust(keys.LONGEST, "b")
    assert keys.parts(longest) == ("a", longest[5:])
    assert keys.parts(longest + "b") is None


def test_a_key_says_in_a_word_how_it_stands():
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    key = keys.ApiKey(
        key_id="a", name="n", digest="", old_digest=None, old_until=None, scopes=("read",), per_minute=1,
        created_at=now, created_by="x", expires_at=None, revoked_at=None, last_used_at=None,
    )  # fmt: skip
    assert key.state(now) == replace(key, expires_at=now + dt.timedelta(seconds=1)).state(now) == "valid"
    assert replace(key, expires_at=now).state(now) == "expired"
    assert replace(key, expires_at=now, revoked_at=now).state(now) == "revoked"


def test_ids_and_secrets_are_long_enough_to_be_nobody_elses():
    assert len(keys.new_id()) == 12
    assert len(keys.new_secret()) == 43


def test_a_secret_opens_its_key_and_the_old_one_for_a_while():
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    day = dt.timedelta(days=1)
    key = keys.ApiKey(
        key_id="a", name="n", digest=keys.digest_of("new"), old_digest=keys.digest_of("old"), old_until=now + day,
        scopes=("read",), per_minute=1, created_at=now, created_by="x", expires_at=now + 3 * day, revoked_at=None,
        last_used_at=None,
    )  # fmt: skip
    cases = [
        ("new", 0, True),
        ("old", 0, True),
        ("other", 0, False),
        ("", 0, False),
        ("old", 1, False),
        ("new", 2, True),
    ]
    assert [keys.opens(key, secret, now + days * day) for secret, days, _ in cases] == [opens for *_, opens in cases]
    assert not keys.opens(key, "new", now + 3 * day)
    assert not keys.opens(replace(key, revoked_at=now), "new", now)
    assert not keys.opens(None, "", now)
