"""Signing in and out, changing the password, and what guessing costs."""

from __future__ import annotations

import re
import time

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client, override_settings

from outreach.accounts.models import User
from tests.builders import PASSWORD, make_member, make_user, make_workspace

SIGN_IN = "/accounts/login/"
SIGN_OUT = "/accounts/logout/"
CHANGE = "/accounts/password/"
NEW = "a wholly different phrase"

pytestmark = pytest.mark.django_db


class CountingHasher(MD5PasswordHasher):
    """Counts what it computes: a hash is what takes time at sign-in."""

    algorithm = "counting"
    hashes = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashes += 1
        return super().encode(password, salt)


def sign_in(client: Client, email: str = "owner@example.com", password: str = PASSWORD, **more: str) -> str:
    """Send the form; return "in <where>" or the status with the error."""
    response = client.post(SIGN_IN, {"login": email, "password": password, **more})
    if response.status_code == 302:
        return f"in {response['Location']}"
    return f"{response.status_code} {' '.join(response.context['form'].non_field_errors())}".strip()


def is_in(client: Client) -> bool:
    return client.get("/workspaces/").status_code == 200


def test_a_person_signs_in_by_address_in_any_case_and_lands_in_their_workspace(client: Client) -> None:
    make_member(make_workspace(), email="owner@example.com")
    assert sign_in(client, " Owner@Example.COM ") == "in /"
    assert client.get("/")["Location"] == "/w/acme/"


def test_sign_out_needs_a_post(client: Client) -> None:
    make_user()
    sign_in(client)
    assert "Sign out?" in client.get(SIGN_OUT).text
    assert is_in(client)
    assert client.post(SIGN_OUT)["Location"] == SIGN_IN
    assert not is_in(client)


def test_wrong_password_and_unknown_address_get_the_same_answer(client: Client) -> None:
    make_user()
    known, unknown = (
        client.post(SIGN_IN, {"login": email, "password": "wrong"}) for email in ("owner@example.com", "no@example.com")
    )
    assert known.status_code == unknown.status_code == 422
    assert without_tokens(known.text).replace("owner@", "no@") == without_tokens(unknown.text)
    assert "do not go together" in known.text


@override_settings(PASSWORD_HASHERS=["tests.outreach.accounts.test_sign_in.CountingHasher"])
def test_an_unknown_address_costs_as_many_hashes_as_a_known_one(client: Client) -> None:
    make_user()
    costs = []
    for email in ("owner@example.com", "no@example.com"):
        CountingHasher.hashes = 0
        sign_in(client, email, "wrong")
        costs.append(CountingHasher.hashes)
    assert costs == [1, 1]


def test_an_account_that_is_switched_off_says_so_only_to_its_owner(client: Client) -> None:
    User.objects.filter(pk=make_user().pk).update(is_active=False)
    assert sign_in(client, password="wrong").startswith("422 This address and password")
    assert sign_in(client) == "in /accounts/inactive/"
    assert not is_in(client)
    assert "switched off" in client.get("/accounts/inactive/").text


def test_switching_an_account_off_ends_its_sessions(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    assert is_in(client)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not is_in(client)


class TestGuessing:
    def test_the_sixth_wrong_password_in_a_minute_is_not_even_looked_at(self, client: Client) -> None:
        make_user()
        for _ in range(5):
            assert sign_in(client, password="wrong").startswith("422")
        assert sign_in(client) == "429 Too many failed attempts. Wait a minute, then try again."
        with time_machine.travel(time.time() + 61):
            assert sign_in(client) == "in /"

    def test_an_unknown_address_is_limited_just_the_same(self, client: Client) -> None:
        for _ in range(5):
            assert sign_in(client, "no@example.com").startswith("422")
        assert sign_in(client, "no@example.com").startswith("429")

    def test_guessing_from_many_networks_is_slow_too(self) -> None:
        make_user()
        answers = [sign_in(Client(REMOTE_ADDR=f"192.0.2.{n}"), password="wrong") for n in range(6)]
        assert answers[-1].startswith("429")

    def test_guessing_many_addresses_from_one_network_is_limited(self) -> None:
        answers = [sign_in(Client(), f"{n}@example.com") for n in range(21)]
        assert [answer[:3] for answer in answers] == ["422"] * 20 + ["429"]

    def test_wrong_guesses_of_others_do_not_lock_the_owner_out_of_their_own_browser(self, client: Client) -> None:
        make_user()
        sign_in(client)
        client.post(SIGN_OUT)
        for n in range(6):
            sign_in(Client(REMOTE_ADDR=f"192.0.2.{n}"), password="wrong")
        assert sign_in(Client(REMOTE_ADDR="198.51.100.1")).startswith("429")
        assert sign_in(client) == "in /"

    def test_the_mark_of_a_browser_serves_for_one_address_only(self, client: Client) -> None:
        make_user()
        make_user("victim@example.com")
        sign_in(client)
        client.post(SIGN_OUT)
        for n in range(5):
            sign_in(Client(REMOTE_ADDR=f"192.0.2.{n}"), "victim@example.com", "wrong")
        assert sign_in(client, "victim@example.com").startswith("429")

    def test_a_forged_mark_is_worth_nothing(self, client: Client) -> None:
        make_user()
        sign_in(client)
        mark = client.cookies["browser"].value
        for n in range(5):
            sign_in(Client(REMOTE_ADDR=f"192.0.2.{n}"), password="wrong")
        other = Client(REMOTE_ADDR="198.51.100.1")
        other.cookies["browser"] = mark[:-1] + ("A" if mark[-1] != "A" else "B")
        assert sign_in(other).startswith("429")

    def test_limits_hold_while_redis_is_away(self, client: Client) -> None:
        make_user()
        away = {"BACKEND": "outreach.kit.cache.SturdyCache", "LOCATION": "redis://127.0.0.1:1/0"}
        with override_settings(CACHES={"default": away}):
            for _ in range(5):
                assert sign_in(client, password="wrong").startswith("422")
            assert sign_in(client).startswith("429")


class TestNext:
    @pytest.mark.parametrize("path", ["/w/acme/contacts/", "/w/acme/?q=%C3%BC&page=2", "/profile"])
    def test_leads_back_to_a_page_of_this_site(self, client: Client, path: str) -> None:
        make_user()
        assert sign_in(client, next=path) == f"in {path}"

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example/",
            "///evil.example",
            "javascript:alert(1)",
            "http:evil.example",
            "http://localhost:1/",
            "http://127.0.0.1:8000/",
            "/\t/evil.example",
            "evil.example",
        ],
    )
    def test_never_leads_away(self, client: Client, url: str) -> None:
        make_user()
        assert sign_in(client, next=url) == "in /"
        assert client.post(SIGN_OUT, {"next": url})["Location"] == SIGN_IN
        assert client.post("/theme", {"theme": "dark", "next": url})["Location"] == "/"

    def test_is_kept_through_a_wrong_password(self, client: Client) -> None:
        make_user()
        response = client.post(SIGN_IN, {"login": "owner@example.com", "password": "wrong", "next": "/w/acme/"})
        assert 'name="next" value="/w/acme/"' in response.text

    def test_is_escaped(self, client: Client) -> None:
        assert "<script>alert" not in client.get(SIGN_IN, {"next": '"><script>alert(1)</script>'}).text


class TestPassword:
    def test_changing_it_ends_every_other_session_and_keeps_this_one(self, client: Client) -> None:
        make_user()
        elsewhere = Client()
        sign_in(client)
        sign_in(elsewhere)
        assert is_in(elsewhere)
        key = client.session.session_key
        response = client.post(CHANGE, {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}, follow=True)
        assert response.redirect_chain == [("/profile", 302)]
        assert "Every other browser is signed out" in response.text
        assert is_in(client)
        assert client.session.session_key != key
        assert not is_in(elsewhere)
        assert sign_in(Client()).startswith("422")
        assert sign_in(Client(), password=NEW) == "in /"

    @pytest.mark.parametrize(
        ("old", "new", "again", "field", "words"),
        [
            ("wrong", NEW, NEW, "oldpassword", "not your current password"),
            (PASSWORD, "short", "short", "password1", "too short"),
            (PASSWORD, "password123", "password123", "password1", "too common"),
            (PASSWORD, NEW, NEW + "x", "password2", "same password"),
        ],
    )
    def test_what_is_wrong_stands_beside_its_field(
        self, client: Client, old: str, new: str, again: str, field: str, words: str
    ) -> None:
        user = make_user()
        client.force_login(user)
        response = client.post(CHANGE, {"oldpassword": old, "password1": new, "password2": again})
        assert response.status_code == 422
        assert any(words in error for error in response.context["form"].errors[field])
        assert User.objects.get().check_password(PASSWORD)

    def test_guessing_the_current_one_is_limited(self, client: Client) -> None:
        client.force_login(make_user())
        guess = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
        assert [client.post(CHANGE, guess).status_code for _ in range(6)] == [422] * 5 + [429]

    def test_a_new_session_begins_at_sign_in(self, client: Client) -> None:
        make_user()
        client.get(SIGN_IN)
        session = client.session
        session["planted"] = "1"
        session.save()
        client.cookies["session"] = str(session.session_key)
        sign_in(client)
        assert client.session.session_key != session.session_key


def without_tokens(page: str) -> str:
    return re.sub(r'(value|content|nonce)="[\w/+=-]{16,}"', "", page)
