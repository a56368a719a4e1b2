"""The page that says why nothing is sent, the banner that leads to it, and the owner's button."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.guard.core import Kind
from sending.guard.models import Adoption, Finding, Installation
from sending.guard.queries import adoptions
from tests.browser.walker import NARROW, WIDE, browser
from tests.builders import make_member, make_workspace

pytestmark = pytest.mark.django_db


def make_finding(kind: Kind = Kind.BEHIND, **values: object) -> Finding:
    columns = {"place": "server:/srv/outreach/journal", "kind": kind, "read_at": Now(), "copy_of": Now(), **values}
    return Finding.objects.create(**columns)


@pytest.fixture
def owner() -> Member:
    return make_member(make_workspace())


def opened(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def test_no_page_says_anything_while_all_is_well(owner: Member) -> None:
    client = opened(owner)
    assert "page-banner" not in client.get(owner.url("mailboxes:list")).text
    assert "Nothing keeps it from sending" in client.get(owner.url("guard:standstill")).text


def test_every_page_leads_to_what_was_found(owner: Member) -> None:
    make_finding()
    client = opened(owner)
    for name in ("reports:home", "contacts:list", "workspace:settings", "guard:standstill"):
        page = client.get(owner.url(name)).text
        assert "Sending stands still" in page, name
        assert owner.url("guard:standstill") in page, name


def test_a_part_of_a_page_asks_nothing_about_it(owner: Member) -> None:
    make_finding()
    fragment = opened(owner).get(owner.url("reports:home"), headers={"HX-Request": "true", "HX-Target": "live"})
    assert "Sending stands still" not in fragment.text


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.JOURNAL])
def test_each_kind_is_explained_and_can_be_confirmed(owner: Member, kind: Kind) -> None:
    finding = make_finding(kind, doubts=3, settled=1, unknown=2)
    client = opened(owner)
    page = client.get(owner.url("guard:standstill")).text
    assert "3 messages that had left" in page
    assert "2 messages cannot be put back" in page
    answer = client.post(owner.url("guard:confirmation"), {"finding": finding.pk}, follow=True)
    assert "Confirmed. Sending goes on" in answer.text
    assert f"Confirmed by {owner.user.email}" in answer.text
    assert Finding.objects.get().confirmed_by == owner.user.email


def test_a_journal_without_room_is_explained_and_asks_nobody(owner: Member) -> None:
    make_finding(Kind.JOURNAL, words="No space left on device")
    page = opened(owner).get(owner.url("guard:standstill")).text
    assert "Couriers cannot write their journal" in page
    assert "No space left on device" in page
    assert "Let this stack send" not in page


def test_journals_are_read_before_anybody_is_asked(owner: Member) -> None:
    finding = make_finding(read_at=None)
    client = opened(owner)
    assert "Let this stack send" not in client.get(owner.url("guard:standstill")).text
    client.post(owner.url("guard:confirmation"), {"finding": finding.pk})
    assert not Finding.objects.get().confirmed_by


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.ADMIN])
def test_whoever_is_no_owner_sees_what_was_found_and_confirms_nothing(owner: Member, role: Role) -> None:
    finding = make_finding()
    other = make_member(owner.workspace, role)
    client = opened(other)
    assert "Whoever runs this server" in client.get(other.url("guard:standstill")).text
    assert client.post(other.url("guard:confirmation"), {"finding": finding.pk}).status_code == 403
    assert not Finding.objects.get().confirmed_by


def test_an_owner_of_another_workspace_confirms_nothing_for_the_server(owner: Member) -> None:
    finding = make_finding()
    stranger = make_member(make_workspace("later", name="Later"))
    Adoption.objects.create(by=owner.user.email, place="server:/x", kind=Kind.MOVED, installation="0" * 32, head=1)
    client = opened(stranger)
    page = client.get(stranger.url("guard:standstill")).text
    assert "Let this stack send" not in page
    assert owner.user.email not in page
    client.post(stranger.url("guard:confirmation"), {"finding": finding.pk})
    assert not Finding.objects.get().confirmed_by
    assert adoptions()[0].by in opened(owner).get(owner.url("guard:standstill")).text


@pytest.mark.parametrize("chosen", ["", "x", "-1", "9" * 30, "12345"])
def test_nonsense_is_refused_with_a_word(owner: Member, chosen: str) -> None:
    make_finding()
    answer = opened(owner).post(owner.url("guard:confirmation"), {"finding": chosen}, follow=True)
    assert "Nothing was changed" in answer.text
    assert not Finding.objects.get().confirmed_by


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "dark"), [(WIDE, False), (NARROW, True)])
def test_an_owner_confirms_in_a_browser(
    live_server: Any, owner: Member, monkeypatch: pytest.MonkeyPatch, width: int, *, dark: bool
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    Installation.objects.create(installation="1" * 32, head=5, is_paused=True)
    make_finding(doubts=3, settled=1, unknown=2)
    make_finding(Kind.JOURNAL, words="No space left on device")
    session = opened(owner).cookies[settings.SESSION_COOKIE_NAME].value
    with browser(live_server.url, width=width, dark=dark) as walker:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        walker.page.context.add_cookies([cookie])  # type: ignore[list-item]
        walker.open(owner.url("mailboxes:list"))
        walker.page.get_by_role("link", name="See what was found").click()
        walker.checked()
        walker.submit("Let this stack send")
        assert walker.page.get_by_text(f"Confirmed by {owner.user.email}").first.is_visible()
