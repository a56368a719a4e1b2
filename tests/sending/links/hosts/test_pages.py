"""The page of the tracking domain: its record, what was found, and who may change it."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from django.http import HttpResponseBase

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.links.models import TrackingDomain
from sending.links.states import DomainState, Finding
from tests.builders import make_member, make_tracking_domain, make_workspace
from tests.sending.links.hosts.stage import ALIAS, HOST, TARGET, proxy, zone
from tests.sending.planner.pages import page_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


def read(member: Member) -> str:
    return page_of(signed_in(member).get(member.url("links:domain")))


def post(member: Member, name: str, *arguments: object, host: str = "") -> HttpResponseBase:
    answer: HttpResponseBase = signed_in(member).post(member.url(f"links:{name}", *arguments), {"host": host})
    return answer


def test_a_domain_that_is_set_is_looked_at_at_once(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "go.example.com" in read(member)
    with zone(monkeypatch, ALIAS), proxy(monkeypatch):
        answer = post(member, "domain", host=HOST)
    assert (answer.status_code, TrackingDomain.objects.get().state) == (302, DomainState.WORKS)
    page = read(member)
    assert f"New messages lead over {HOST}" in page
    assert f'data-text="{TARGET}"' in page
    log = page_of(signed_in(member).get(member.url("reports:log")))
    assert f"{HOST} works: new messages lead over it." in log


@pytest.mark.parametrize(
    ("state", "finding", "words"),
    [
        (DomainState.UNPROVEN, Finding.DNS_MISSING, "Publish the record below where the DNS of go.acme.test is kept"),
        (DomainState.BROKEN, Finding.CERTIFICATE, "Caddy gets one by itself"),
        (DomainState.BROKEN, Finding.NO_ANSWER, "answer on port 443"),
        (DomainState.BROKEN, Finding.ELSEWHERE, "with their Host header"),
    ],
)
def test_each_finding_comes_with_what_stands_there_and_what_to_do(
    member: Member, state: DomainState, finding: Finding, words: str
) -> None:
    evidence = "What stands there."
    make_tracking_domain(member.workspace, HOST, state, finding=finding, found=evidence, checked_at=Now())
    page = read(member)
    assert evidence in page
    assert words in page
    assert f"new messages lead over {TARGET}" in page


def test_a_refusal_says_why_and_keeps_what_was_typed(member: Member) -> None:
    answer = post(member, "domain", host=f"https://{TARGET}")
    assert answer.status_code == 422
    assert "own tracking host" in page_of(answer)
    assert not TrackingDomain.objects.exists()


def test_a_removed_domain_is_listed_as_long_as_it_is_answered(member: Member) -> None:
    row = make_tracking_domain(member.workspace, HOST, DomainState.WORKS)
    post(member, "domain_removal", row.pk)
    page = read(member)
    assert "Removed, and still answered" in page
    assert HOST in page


def test_only_admins_change_it(member: Member) -> None:
    row = make_tracking_domain(member.workspace, HOST, DomainState.WORKS)
    small = make_member(member.workspace, role=Role.MEMBER, email="small@acme.test")
    assert f"New messages lead over {HOST}" in read(small)
    assert "Remove…" not in read(small)
    for name, arguments in (("domain", []), ("domain_check", [row.pk]), ("domain_removal", [row.pk])):
        assert post(small, name, *arguments, host=HOST).status_code == 403
    assert TrackingDomain.objects.get().state == DomainState.WORKS
