"""The pages where API keys are made, listed and revoked."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.errors import NotAllowed
from outreach.accounts.models import ApiKey, Membership
from outreach.accounts.programs import admitted
from outreach.accounts.roles import Role
from outreach.accounts.services import add_member, remove_member
from outreach.kit import clock
from tests.builders import make_member, make_workspace
from tests.programs import Program, make_key

KEYS = "/w/acme/settings/keys"
WISH = {"name": "CRM sync", "scopes": ["contacts:read"], "role": "member", "days": "90"}

pytestmark = pytest.mark.django_db


def test_a_key_is_shown_once_and_opens_what_was_ticked(client: Client) -> None:
    client.force_login(make_member(make_workspace()).user)
    assert "No keys yet" in client.get(KEYS).text
    shown = re.findall(r"okey_[0-9a-f]{12}_[\w-]{43}", client.post(KEYS, WISH).text)
    assert len(shown) == 1
    row = ApiKey.objects.get()
    assert row.expires_at is not None
    assert (row.name, row.scopes, row.role, (row.expires_at - clock.now()).days) == (
        "CRM sync", ["contacts:read"], "member", 89,
    )  # fmt: skip
    page = client.get(KEYS).text
    assert "CRM sync" in page
    assert f"okey_{row.public}_…" in page
    assert shown[0] not in page
    assert Program(shown[0]).ask("GET", "/contacts").status_code == 200


def test_a_revoked_key_opens_nothing_from_that_moment(client: Client) -> None:
    owner = make_member(make_workspace())
    row, text = make_key(owner)
    client.force_login(owner.user)
    at = f"{KEYS}/{row.pk}/revocation"
    assert "This cannot be taken back" in client.get(at).text
    assert Program(text).ask("GET", "/tags").status_code == 200
    assert "opens nothing any more" in client.post(at, follow=True).text
    assert Program(text).ask("GET", "/tags").status_code == 401
    row.refresh_from_db()
    revoked_at = row.revoked_at
    assert "was revoked already" in client.post(at, follow=True).text
    row.refresh_from_db()
    assert row.revoked_at == revoked_at


def test_who_is_invited_again_does_not_get_the_old_keys_back() -> None:
    owner = make_member(make_workspace())
    admin = make_member(owner.workspace, Role.ADMIN)
    other = make_workspace("other")
    assert add_member(other, admin.user, Role.ADMIN)
    _, text = make_key(admin)
    _, of_owner = make_key(owner)
    _, of_other = make_key(Member(user=admin.user, workspace=other, role=Role.ADMIN))
    remove_member(owner, Membership.objects.get(user=admin.user, workspace=owner.workspace))
    assert admitted(text) is None
    assert add_member(owner.workspace, admin.user, Role.ADMIN)
    assert admitted(text) is None
    assert admitted(of_owner) is not None
    assert admitted(of_other) is not None


def test_who_was_taken_out_or_made_less_since_the_page_was_opened_makes_no_key_beyond_that() -> None:
    owner = make_member(make_workspace())
    admin = make_member(owner.workspace, Role.ADMIN)
    place = Membership.objects.get(user=admin.user)
    Membership.objects.filter(pk=place.pk).update(role=Role.MEMBER)
    with pytest.raises(NotAllowed, match="You are a member"):
        make_key(admin)
    remove_member(owner, place)
    with pytest.raises(NotAllowed, match="no member"):
        make_key(admin)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"scopes": []}, "Tick what it may do"),
        ({"scopes": ["everything"]}, "Select a valid choice"),
        ({"role": "owner"}, "Select a valid choice"),
        ({"days": "7"}, "Select a valid choice"),
    ],
)
def test_a_wish_that_makes_no_sense_or_asks_too_much_makes_no_key(
    client: Client, change: dict[str, object], words: str
) -> None:
    client.force_login(make_member(make_workspace(), Role.ADMIN).user)
    response = client.post(KEYS, WISH | change)
    assert response.status_code == 422
    assert words in response.text
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_keys_are_for_admins(client: Client, role: Role) -> None:
    client.force_login(make_member(make_workspace(), role).user)
    assert client.get(KEYS).status_code == 403
    assert client.post(KEYS, WISH).status_code == 403
    assert "settings/keys" not in client.get("/w/acme/settings/").text
