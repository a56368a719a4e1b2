"""To the provider and back: what is asked, what is believed, and what comes of an answer for somebody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.models import Membership
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.chaos.certificates import authority
from sending.mailboxes.models import Credential, Mailbox, PendingSignIn
from sending.mailboxes.oauth import flow, providers
from sending.mailboxes.oauth.access import access_token
from sending.mailboxes.oauth.providers import GOOGLE, MICROSOFT
from sending.mailboxes.services import refuse_sign_in
from sending.mailboxes.states import SignInKind
from tests.builders import PASSWORD, make_mailbox, make_member, make_workspace
from tests.sending.mailboxes.oauth.boxes import refresh_token_of
from tests.sending.mailboxes.oauth.provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, Fault, refusal, returned_to
from tests.sending.mailboxes.stage import errors_of, form, page, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(member: Member, provider: FakeProvider) -> Mailbox:
    """A mailbox that was saved to sign in with the provider, and for which nobody has yet."""
    mailbox = make_mailbox(member.workspace, "me@acme.test", sign_in=SignInKind.GOOGLE)
    Credential.objects.update(smtp_password=None, imap_password=None)
    return mailbox


def leave(client: Client, member: Member, mailbox: Mailbox) -> str:
    """Press "Sign in"; return the address to which the browser is sent."""
    response = client.post(member.url("mailboxes:sign_in", mailbox.pk))
    assert response.status_code == 200
    target = response["Refresh"].removeprefix("0; url=")
    assert target in unescape(response.text)
    return target


def come_back(client: Client, answer: dict[str, str]) -> tuple[str, str]:
    """Follow the provider's redirect; return where it leads, and what is read there."""
    response = client.get(returned_to(answer))
    assert response.status_code == 302
    return response["Location"], text_of(client.get(response["Location"], follow=True).text)


def signed_in(mailbox: Mailbox) -> bool:
    return Credential.objects.get(mailbox=mailbox).refresh_token is not None


OVER = "This sign-in cannot be completed"


def test_somebody_signs_in_and_the_mailbox_has_its_tokens(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    assert "Nobody is signed in with Google" in text_of(page(admin, member, "mailboxes:detail", box.pk))
    where, text = come_back(admin, provider.consent(leave(admin, member, box)))
    assert where == member.url("mailboxes:detail", box.pk)
    assert "You are signed in as me@acme.test." in text
    assert "Google, as me@acme.test" in text
    assert {refresh_token_of(box)} == provider.good
    assert access_token(box.pk) == provider.issued[0]
    assert not PendingSignIn.objects.exists()


def test_what_the_provider_is_asked_for(admin: Client, member: Member, box: Mailbox, provider: FakeProvider) -> None:
    target = leave(admin, member, box)
    asked = dict(parse_qsl(urlsplit(target).query))
    assert asked["scope"] == "https://mail.google.com/ openid email"
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/oauth/return"
    assert (asked["access_type"], asked["prompt"], asked["login_hint"]) == ("offline", "consent", "me@acme.test")
    provider.consent(target)
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM mailboxes_pending_sign_in p")
        stored = str(cursor.fetchall())
    assert asked["state"] not in stored
    assert (admin.session.session_key or "?") not in stored


def test_the_program_knows_where_the_real_providers_are() -> None:
    for provider in (GOOGLE, MICROSOFT):
        assert {provider.authorize_url[:8], provider.token_url[:8]} == {"https://"}
        assert provider.ca_pem is None
    assert MICROSOFT.scope.split() == [
        "https://outlook.office.com/SMTP.Send",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/POP.AccessAsUser.All",
        "offline_access", "openid", "email", "profile",
    ]  # fmt: skip


def test_the_same_answer_is_good_once(admin: Client, member: Member, box: Mailbox, provider: FakeProvider) -> None:
    answer = provider.consent(leave(admin, member, box))
    come_back(admin, answer)
    before = refresh_token_of(box)
    where, text = come_back(admin, answer)
    assert (where, OVER in text) == ("/", True)
    assert len(provider.asked) == 1
    assert refresh_token_of(box) == before


def test_of_two_who_bring_the_same_answer_at_once_one_is_served(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    answer = provider.consent(leave(admin, member, box))
    # Both have read the row; one has taken the verifier out of it.
    row = PendingSignIn.objects.get()
    assert flow._taken(row, answer["state"])
    with pytest.raises(flow.BadState):
        flow._taken(row, answer["state"])
    assert OVER in come_back(admin, answer)[1]
    assert provider.asked == []


def _other_session(client: Client, member: Member) -> Client:
    other = Client()
    other.force_login(member.user)
    return other


def _other_person(client: Client, member: Member) -> Client:
    client.force_login(make_member(member.workspace, Role.ADMIN, email="other@acme.example").user)
    return client


@pytest.mark.parametrize("stranger", [_other_session, _other_person])
def test_an_answer_that_somebody_else_began_is_not_taken(
    admin: Client,
    member: Member,
    box: Mailbox,
    provider: FakeProvider,
    stranger: Callable[[Client, Member], Client],
) -> None:
    answer = provider.consent(leave(admin, member, box))
    assert OVER in come_back(stranger(admin, member), answer)[1]
    assert (provider.asked, signed_in(box)) == ([], False)


def test_an_answer_is_bound_to_the_person_beside_the_browser(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    answer = provider.consent(leave(admin, member, box))
    other = make_member(member.workspace, Role.ADMIN, email="other@acme.example").user
    with pytest.raises(flow.BadState):
        flow.finish(other, admin.session.session_key or "", answer)
    assert flow.finish(member.user, admin.session.session_key or "", answer).problem == ""


def test_a_visitor_is_asked_to_sign_in_first(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    answer = provider.consent(leave(admin, member, box))
    assert Client().get(returned_to(answer))["Location"].startswith("/accounts/login/?next=/oauth/return")
    assert provider.asked == []


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state[:-1] + ("A" if state[-1] != "A" else "B"),
        lambda state: state[1:],
        lambda _: "",
        lambda _: "x" * 100_000,
        lambda _: "nonsense:nonsense:nonsense",
        lambda state: f"{state}\x00",
    ],
    ids=["forged", "cut", "none", "long", "nonsense", "nul"],
)
def test_a_state_that_is_not_ours_is_not_taken(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider, change: Callable[[str], str]
) -> None:
    answer = provider.consent(leave(admin, member, box))
    assert OVER in come_back(admin, answer | {"state": change(answer["state"])})[1]
    assert (provider.asked, signed_in(box)) == ([], False)


def test_an_answer_after_ten_minutes_is_not_taken(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    answer = provider.consent(leave(admin, member, box))
    with time_machine.travel(clock.now() + timedelta(minutes=10, seconds=2), tick=False):
        assert OVER in come_back(admin, answer)[1]
        assert flow.trim() == 1
    assert (provider.asked, signed_in(box)) == ([], False)


def test_beginning_again_ends_what_was_begun_before(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    first = provider.consent(leave(admin, member, box))
    second = provider.consent(leave(admin, member, box))
    assert OVER in come_back(admin, first)[1]
    assert "You are signed in" in come_back(admin, second)[1]


def test_who_has_lost_the_role_meanwhile_changes_nothing(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    answer = provider.consent(leave(admin, member, box))
    Membership.objects.filter(user=member.user).update(role=Role.MEMBER)
    assert admin.get(returned_to(answer)).status_code == 403
    Membership.objects.filter(user=member.user).delete()
    assert admin.get(returned_to(answer)).status_code == 404
    assert (provider.asked, signed_in(box)) == ([], False)


def test_another_kind_of_sign_in_chosen_meanwhile_wins(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    answer = provider.consent(leave(admin, member, box))
    Mailbox.objects.update(sign_in=SignInKind.PASSWORD)
    assert OVER in come_back(admin, answer)[1]
    assert provider.asked == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"error": "access_denied", "code": ""}, "the access was not allowed"),
    ({"error": "server_error", "code": ""}, "did not complete the sign-in (server_error)"),
    ({"error": "<b>bold</b>", "code": ""}, "did not complete the sign-in (an unknown error)"),
    ({"code": ""}, "sent no code"),
    ({"code": "x" * 5000}, "sent no code"),
    ({"iss": "https://evil.test"}, "did not come from Google"),
    ({"iss": "https://127.0.0.1:1"}, "did not come from Google"),
    ({"code": "another code"}, "does not take this sign-in any more"),
]


@pytest.mark.parametrize(("change", "words"), REFUSED)
def test_an_answer_without_a_permission_is_told_and_ends_the_sign_in(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider, change: dict[str, str], words: str
) -> None:
    answer = provider.consent(leave(admin, member, box))
    where, text = come_back(admin, answer | change)
    assert where == member.url("mailboxes:detail", box.pk)
    assert words in text
    assert not signed_in(box)
    assert OVER in come_back(admin, answer)[1]


LACKING: list[tuple[dict[str, Any], str]] = [
    ({"scope": "openid email"}, "leave every box ticked"),
    ({"gives_refresh_token": False}, "no lasting permission"),
    ({"claims": {"aud": "another client"}}, "not for this sign-in"),
    ({"claims": {"iss": "https://evil.test"}}, "not for this sign-in"),
    ({"claims": {"nonce": "another"}}, "not for this sign-in"),
    ({"claims": {"exp": 1}}, "not for this sign-in"),
    ({"claims": {"email_verified": False}}, "did not say which account"),
    ({"claims": {"email": ["me@acme.test"]}}, "did not say which account"),
    ({"script": [refusal("invalid_client", 401)]}, "Its owner must look at it"),
    ({"script": [Fault(500)]}, "(500)"),
]


@pytest.mark.parametrize(("how", "words"), LACKING)
def test_a_permission_that_does_not_do_is_told_and_nothing_is_kept(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider, how: dict[str, Any], words: str
) -> None:
    answer = provider.consent(leave(admin, member, box))
    for name, value in how.items():
        setattr(provider, name, value)
    assert words in come_back(admin, answer)[1]
    assert not signed_in(box)
    assert not PendingSignIn.objects.exists()


# -- another account --
def test_another_account_is_shown_and_used_only_after_a_yes(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    provider.account = "boss@acme.test"
    text = come_back(admin, provider.consent(leave(admin, member, box)))[1]
    assert "You signed in as boss@acme.test, and this mailbox is me@acme.test" in text
    assert not signed_in(box)
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM mailboxes_pending_sign_in p")
        stored = str(cursor.fetchall())
    assert not any(secret in stored for secret in (*provider.good, *provider.issued))
    response = admin.post(member.url("mailboxes:sign_in_account", box.pk), {"use": "1"}, follow=True)
    assert "me@acme.test signs in as boss@acme.test" in text_of(response.text)
    box.refresh_from_db()
    assert (box.smtp_username, box.imap_username) == ("boss@acme.test", "boss@acme.test")
    assert {refresh_token_of(box)} == provider.good
    again = admin.post(member.url("mailboxes:sign_in_account", box.pk), {"use": "1"}, follow=True)
    assert OVER in text_of(again.text)


def test_another_account_that_is_not_wanted_is_forgotten(
    admin: Client, member: Member, box: Mailbox, provider: FakeProvider
) -> None:
    provider.account = "boss@acme.test"
    come_back(admin, provider.consent(leave(admin, member, box)))
    response = admin.post(member.url("mailboxes:sign_in_account", box.pk), {"use": "0"}, follow=True)
    assert "You signed in as" not in text_of(response.text)
    assert (signed_in(box), PendingSignIn.objects.count()) == (False, 0)


def test_nobody_else_says_yes_for_a_person(admin: Client, member: Member, box: Mailbox, provider: FakeProvider) -> None:
    provider.account = "boss@acme.test"
    come_back(admin, provider.consent(leave(admin, member, box)))
    other = _other_person(Client(), member)
    assert "boss@acme.test" not in page(other, member, "mailboxes:detail", box.pk)
    other.post(member.url("mailboxes:sign_in_account", box.pk), {"use": "1"})
    assert not signed_in(box)


# -- Microsoft --
def test_microsoft_knows_a_tenant_and_a_shared_mailbox_keeps_its_name(
    admin: Client,
    member: Member,
    provider: FakeProvider,
    setting: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = replace(
        MICROSOFT,
        authorize_url=f"{provider.url}/authorize",
        token_url=f"{provider.url}/{{tenant}}/token",
        issuers=(f"{provider.url}/",),
        ca_pem=authority().pem,
    )
    monkeypatch.setitem(providers._ALL, SignInKind.MICROSOFT, known)
    for name, value in (("CLIENT_ID", CLIENT_ID), ("CLIENT_SECRET", CLIENT_SECRET), ("TENANT", "acme.onmicrosoft.com")):
        setting(f"OUTREACH_MICROSOFT_{name}", value)
    box = make_mailbox(member.workspace, "sales@acme.test", sign_in=SignInKind.MICROSOFT)
    provider.scope = "https://outlook.office.com/smtp.send " + " ".join(MICROSOFT.needed[1:])
    provider.claims = {"iss": f"{provider.url}/1234/v2.0", "preferred_username": "Boss@acme.test"}
    target = leave(admin, member, box)
    assert dict(parse_qsl(urlsplit(target).query))["prompt"] == "select_account"
    text = come_back(admin, provider.consent(target) | {"iss": f"{provider.url}/1234/v2.0"})[1]
    assert provider.paths == ["/acme.onmicrosoft.com/token"]
    assert "You signed in as boss@acme.test, and this mailbox is sales@acme.test" in text
    admin.post(member.url("mailboxes:sign_in_account", box.pk), {"use": "1"})
    box.refresh_from_db()
    assert (box.smtp_username, Credential.objects.get().account) == ("sales@acme.test", "boss@acme.test")


def test_a_mailbox_whose_server_refuses_the_account_is_asked_to_sign_in_again(
    admin: Client, member: Member, mailbox: Mailbox
) -> None:
    assert "Sign in with Google again" not in text_of(page(admin, member, "mailboxes:detail", mailbox.pk))
    refuse_sign_in(mailbox.pk, "535 5.7.8 no")
    text = text_of(page(admin, member, "mailboxes:detail", mailbox.pk))
    assert "Sign in with Google again" in text
    assert "Sign in below. It sends again as soon as the test has passed." in text


# -- the form --
def save(client: Client, url: str, **changes: object) -> Any:
    return client.post(url, form(**({"smtp_password": "", "sign_in": "google"} | changes)))


def test_a_mailbox_with_a_provider_is_saved_without_a_password_and_asks_for_the_sign_in(
    admin: Client, member: Member, provider: FakeProvider
) -> None:
    response = save(admin, member.url("mailboxes:create"), smtp_password="typed by mistake")
    mailbox = Mailbox.objects.get()
    assert response["Location"] == member.url("mailboxes:detail", mailbox.pk)
    row = Credential.objects.get()
    assert (row.smtp_password, row.imap_password, row.refresh_token) == (None, None, None)
    text = text_of(page(admin, member, "mailboxes:detail", mailbox.pk))
    assert "Sign in with Google" in text
    assert "Not tested yet" in text


def test_tokens_want_the_servers_of_the_provider(admin: Client, member: Member, provider: FakeProvider) -> None:
    response = save(admin, member.url("mailboxes:create"), imap_host="imap.evil.test", smtp_security="plain")
    assert response.status_code == 422
    errors = errors_of(response.text)
    assert set(errors) == {"imap_host", "smtp_security"}
    assert "imap.evil.test is no mail server of Google" in errors["imap_host"]


def test_from_a_provider_back_to_a_password_takes_one_and_forgets_the_tokens(
    admin: Client, member: Member, mailbox: Mailbox
) -> None:
    url = member.url("mailboxes:edit", mailbox.pk)
    assert set(errors_of(save(admin, url, sign_in="password").text)) == {"smtp_password"}
    assert signed_in(mailbox)
    assert save(admin, url, sign_in="password", smtp_password=PASSWORD).status_code == 302
    row = Credential.objects.get()
    assert (row.refresh_token, row.access_token, row.account) == (None, None, "")
    assert row.smtp_password is not None
    assert row.imap_password is not None


def test_from_a_password_to_a_provider_forgets_the_password_at_once(
    admin: Client, member: Member, provider: FakeProvider
) -> None:
    mailbox = make_mailbox(member.workspace, "me@acme.test", state="active")
    assert save(admin, member.url("mailboxes:edit", mailbox.pk)).status_code == 302
    row = Credential.objects.get()
    assert (row.smtp_password, row.imap_password) == (None, None)


def test_another_address_needs_another_sign_in(admin: Client, member: Member, mailbox: Mailbox) -> None:
    url = member.url("mailboxes:edit", mailbox.pk)
    save(admin, url, display_name="Another name")
    assert signed_in(mailbox)
    assert save(admin, url, address="you@acme.test").status_code == 302
    assert not signed_in(mailbox)
    assert "Nobody is signed in with Google" in text_of(page(admin, member, "mailboxes:detail", mailbox.pk))


def test_without_a_set_up_the_form_offers_passwords_alone(admin: Client, member: Member) -> None:
    html = page(admin, member, "mailboxes:create")
    assert re.search(r'<input type="hidden" name="sign_in" value="password"', html)
    assert save(admin, member.url("mailboxes:create")).status_code == 422
    assert not Mailbox.objects.exists()


def test_a_mailbox_of_another_workspace_cannot_be_signed_in_for(
    admin: Client, member: Member, provider: FakeProvider
) -> None:
    theirs = make_mailbox(make_workspace("other"), "you@other.test", sign_in=SignInKind.GOOGLE)
    assert admin.post(member.url("mailboxes:sign_in", theirs.pk)).status_code == 404
    assert not PendingSignIn.objects.exists()


def test_only_those_who_connect_mailboxes_sign_in(client: Client, member: Member, box: Mailbox) -> None:
    client.force_login(make_member(member.workspace, Role.MEMBER).user)
    assert client.post(member.url("mailboxes:sign_in", box.pk)).status_code == 403
    assert "An admin of the workspace can do that" in text_of(page(client, member, "mailboxes:detail", box.pk))


def test_a_mailbox_with_a_password_has_nowhere_to_sign_in(admin: Client, member: Member) -> None:
    mailbox = make_mailbox(member.workspace)
    response = admin.post(member.url("mailboxes:sign_in", mailbox.pk), follow=True)
    assert "signs in with a password" in text_of(response.text)
