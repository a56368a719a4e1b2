"""Reading what a token endpoint says: any bytes at all end in a grant or in a named error."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.kit.https import Answer
from sending.mailboxes.oauth.answers import GrantEnded, OAuthError, WrongAnswer, account_in, read_answer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["access_token", "error", "expires_in"]), inner),
    max_leaves=8,
)


def answer(status: int = 200, **fields: object) -> Answer:
    return Answer(status, {}, json.dumps(fields).encode())


@given(st.sampled_from([200, 302, 400, 401, 429, 500]), st.binary() | JSON.map(lambda one: json.dumps(one).encode()))
def test_any_answer_is_a_grant_or_a_named_error(status: int, body: bytes) -> None:
    with suppress(OAuthError):
        grant = read_answer("Google", Answer(status, {}, body))
        assert status == 200
        assert grant.access_token


@given(st.text() | JSON.map(lambda one: f"a.{urlsafe_b64encode(json.dumps(one).encode()).decode()}.c"))
def test_any_id_token_is_believed_or_refused(id_token: str) -> None:
    with pytest.raises(WrongAnswer):
        account_in(id_token, client_id="me", issuers=["https://a.test"], nonce="n", now_s=0)


@pytest.mark.parametrize(
    ("told", "life_s"),
    [
        (3599, 3599),
        ("3599", 3599),
        (None, 3600),
        (5, 60),
        (10**9, 86_400),
        (-1, 3600),
        ("x", 3600),
        ("9" * 5_000, 3600),
    ],
)
def test_the_life_of_a_token_is_what_the_provider_says_within_reason(told: object, life_s: int) -> None:
    assert read_answer("Google", answer(access_token="a", expires_in=told)).life_s == life_s


@pytest.mark.parametrize("status", [500, 503, 200])
def test_only_a_definite_refusal_ends_a_permission(status: int) -> None:
    with pytest.raises(OAuthError) as caught:
        read_answer("Google", answer(status, error="invalid_grant"))
    assert not isinstance(caught.value, GrantEnded)


def test_what_an_answer_says_besides_its_error_is_never_told() -> None:
    with pytest.raises(GrantEnded) as caught:
        read_answer("Microsoft", answer(400, error="invalid_grant", error_description="token 1//abc has expired"))
    assert str(caught.value) == "Microsoft gives no access to this mailbox any more (invalid_grant)."


@pytest.mark.parametrize(
    ("issuers", "issuer", "is_good"),
    [
        (["https://accounts.google.com", "accounts.google.com"], "accounts.google.com", True),
        (["https://accounts.google.com"], "https://accounts.google.com.evil.test", False),
        (["https://login.microsoftonline.com/"], "https://login.microsoftonline.com/1234/v2.0", True),
        (["https://login.microsoftonline.com/"], "https://login.microsoftonline.com.evil.test/", False),
    ],
)
def test_an_issuer_is_the_providers_own(issuers: list[str], issuer: str, *, is_good: bool) -> None:
    claims = {"iss": issuer, "aud": ["me"], "exp": 10, "nonce": "n", "preferred_username": "Ada@X.test", "email": "e@x"}
    id_token = f"a.{urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.c"
    try:
        found = account_in(id_token, client_id="me", issuers=issuers, nonce="n", now_s=0)
    except WrongAnswer:
        found = ""
    assert found == ("ada@x.test" if is_good else "")
