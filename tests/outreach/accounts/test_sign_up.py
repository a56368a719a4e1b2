"""The first visitor sets the server up; later ones need an open door."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from outreach import env as env_module
from outreach.accounts import adapter, queries
from outreach.accounts.models import Membership, User, Workspace
from outreach.accounts.roles import Role
from tests.builders import PASSWORD, make_user

SIGN_UP = "/accounts/signup/"
FORM = {
    "name": "Ada Lovelace",
    "email": "Ada@Example.com",
    "password1": PASSWORD,
    "workspace_name": "Analytical Engines",
    "time_zone": "europe/london",
    "postal_address": "1 St James's Square\nLondon",
}


@pytest.fixture
def _open_door(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = replace(env_module.env(), allow_sign_up=True)
    for module in (adapter, queries):
        monkeypatch.setattr(module, "env", lambda: opened)


@pytest.mark.django_db
def test_first_visitor_of_an_empty_instance_is_led_to_sign_up(client: Client) -> None:
    response = client.get("/", follow=True)
    assert response.redirect_chain == [(SIGN_UP, 302)]
    assert "Set up this server" in response.text


@pytest.mark.django_db
def test_first_visitor_owns_the_first_workspace_and_is_signed_in(client: Client) -> None:
    response = client.post(SIGN_UP, FORM)
    assert (response.status_code, response["Location"]) == (302, "/")
    workspace, user = Workspace.objects.get(), User.objects.get()
    assert (workspace.name, workspace.slug, workspace.time_zone) == (
        "Analytical Engines", "analytical-engines", "Europe/London",
    )  # fmt: skip
    assert workspace.postal_address == "1 St James's Square\nLondon"
    assert (user.email, user.name) == ("ada@example.com", "Ada Lovelace")
    assert Membership.objects.get().role == Role.OWNER
    assert client.get("/")["Location"] == "/w/analytical-engines/"


@pytest.mark.django_db
def test_names_turn_nothing_that_stands_beside_them(client: Client) -> None:
    client.post(SIGN_UP, {**FORM, "name": "\u202eadA", "workspace_name": "\u2067Engines\u202c"})
    assert (User.objects.get().name, Workspace.objects.get().name) == ("adA", "Engines")
    client.post(reverse("accounts:profile"), {"name": "\u2066\u202e"})
    assert User.objects.get().name == ""


@pytest.mark.django_db
def test_only_address_password_workspace_and_zone_are_needed(client: Client) -> None:
    client.post(SIGN_UP, {**FORM, "name": "", "postal_address": ""})
    assert Workspace.objects.get().postal_address == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "not an address", "Enter a valid email address"),
        ("email", "a" * 400 + "@example.com", "Enter a valid email address"),
        ("password1", "short", "too short"),
        ("password1", "password123", "too common"),
        ("password1", "ada@example.com1", "too similar"),
        ("workspace_name", "", "required"),
        ("workspace_name", "x" * 121, "at most 120 characters"),
        ("time_zone", "Europe/Berln", "Did you mean Europe/Berlin?"),
        ("time_zone", "Mars", "is not a time zone"),
        ("time_zone", "", "required"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_stored(
    client: Client, field: str, value: str, words: str
) -> None:
    response = client.post(SIGN_UP, {**FORM, field: value})
    assert response.status_code == 422
    assert any(words in error for error in response.context["form"].errors[field])
    assert f'id="id_{field}_error"' in response.text
    assert PASSWORD not in response.text
    assert (User.objects.count(), Workspace.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_second_visitor_finds_a_kindly_shut_door(client: Client) -> None:
    make_user("owner@example.com")
    for response in (client.get(SIGN_UP), client.post(SIGN_UP, FORM)):
        assert response.status_code == 403
        assert "takes no new accounts" in response.text
        assert "OUTREACH_ALLOW_SIGN_UP=1" in response.text
    assert User.objects.count() == 1
    assert SIGN_UP not in client.get("/accounts/login/").text


@pytest.mark.django_db
@pytest.mark.usefixtures("_open_door")
def test_an_open_door_gives_each_newcomer_their_own_workspace(client: Client) -> None:
    make_user("owner@example.com")
    assert SIGN_UP in client.get("/accounts/login/").text
    assert client.post(SIGN_UP, FORM).status_code == 302
    assert User.objects.count() == 2
    assert Membership.objects.get().user.email == "ada@example.com"


@pytest.mark.django_db
@pytest.mark.usefixtures("_open_door")
def test_an_address_that_is_taken_is_refused_without_saying_whose_it_is(client: Client) -> None:
    make_user("ada@example.com", name="Ada Secret")
    response = client.post(SIGN_UP, FORM)
    assert response.status_code == 422
    assert response.context["form"].errors["email"] == ["This address cannot be used here. If it is yours, sign in."]
    assert "Secret" not in response.text


@pytest.mark.django_db
@pytest.mark.usefixtures("_open_door")
def test_sign_ups_from_one_network_are_limited(client: Client) -> None:
    codes = [client.post(SIGN_UP, {**FORM, "email": "not an address"}).status_code for _ in range(21)]
    assert codes == [422] * 20 + [429]
    assert "wait a minute" in client.post(SIGN_UP, FORM).text


@pytest.mark.django_db
def test_a_signed_in_person_is_led_away_from_sign_up(client: Client) -> None:
    client.force_login(make_user())
    assert client.get(SIGN_UP)["Location"] == "/"


@pytest.mark.django_db(transaction=True)
def test_of_two_first_visitors_who_send_the_form_at_once_one_wins() -> None:
    start = Barrier(2)

    def visit(number: int) -> str:
        client = Client()
        try:
            client.get(SIGN_UP)
            start.wait(timeout=20)
            response = client.post(SIGN_UP, {**FORM, "email": f"visitor{number}@example.com"})
            return response.get("Location") or str(response.status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(visit, range(2)))
    # The later one is stopped at the door (403), or, when both had passed it, by the lock.
    assert first == "/"
    assert second in {"403", reverse("account_login")}
    assert (User.objects.count(), Workspace.objects.count(), Membership.objects.count()) == (1, 1, 1)
