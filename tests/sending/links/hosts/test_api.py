"""A program reads, sets, looks at and removes the tracking domain, as its page does and no further."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.roles import Role
from sending.links.models import TrackingDomain
from sending.links.states import DomainState
from tests.builders import make_member, make_tracking_domain, make_workspace
from tests.programs import Program, program_of
from tests.sending.links.hosts.stage import ALIAS, HOST, TARGET, proxy, zone

pytestmark = pytest.mark.django_db
PATH = "/tracking-domain"


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


@pytest.fixture
def program(member: Member) -> Program:
    return program_of(member)


def wish(program: Program, host: str) -> tuple[int, Any]:
    answer = program.ask("PUT", PATH, {"host": host})
    return answer.status_code, answer.json()


def test_without_a_domain_a_program_learns_what_messages_lead_over(program: Program) -> None:
    seen = program.ask("GET", PATH).json()
    assert (seen["host"], seen["state"], seen["record"], seen["removed"]) == ("", "", None, [])
    assert seen["leads_over"] == f"https://{TARGET}"
    for method, path in (("POST", f"{PATH}/check"), ("DELETE", PATH)):
        answer = program.ask(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_domain_is_set_proven_and_removed(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with zone(monkeypatch, f"{TARGET}. 60 IN A 127.0.0.1\n") as dns:
        status, seen = wish(program, f"https://{HOST.upper()}/")
        assert (status, seen["host"], seen["state"], seen["finding"]) == (200, HOST, "unproven", "dns_missing")
        assert seen["record"] == {"name": HOST, "type": "CNAME", "value": TARGET}
        assert seen["found"] == f"There is no record at {HOST}."
        assert seen["advice"].startswith("Publish the record")
        assert seen["leads_over"] == f"https://{TARGET}"
        TrackingDomain.objects.update(checked_at=Now() - timedelta(minutes=1))
        dns.serve(ALIAS)
        with proxy(monkeypatch):
            seen = program.ask("POST", f"{PATH}/check").json()
    assert (seen["state"], seen["finding"], seen["advice"], seen["points_here"]) == ("works", "works", "", True)
    assert seen["leads_over"] == f"https://{HOST}"
    asked = len(dns.asked)
    assert wish(program, HOST)[1] == seen, "set again it stays, and nobody is asked"
    assert len(dns.asked) == asked
    assert program.ask("DELETE", PATH).status_code == 204
    seen = program.ask("GET", PATH).json()
    assert (seen["host"], seen["removed"], seen["leads_over"]) == ("", [HOST], f"https://{TARGET}")


@pytest.mark.parametrize(
    ("host", "status", "code", "words"),
    [
        ("", 422, "invalid", ""),
        ("no host", 422, "invalid", ""),
        ("go.taken.test", 409, "not_possible", "another workspace"),
        (TARGET, 409, "not_possible", "this server's own tracking host"),
        ("localhost.test", 409, "not_possible", "Remove that first"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    program: Program, member: Member, host: str, status: int, code: str, words: str
) -> None:
    make_tracking_domain(make_workspace("others"), "go.taken.test", DomainState.WORKS)
    make_tracking_domain(member.workspace, HOST, DomainState.WORKS)
    found, problem = wish(program, host)
    assert (found, problem["code"]) == (status, code)
    assert words in problem["detail"]
    assert [one["field"] for one in problem.get("errors", [])] == ["host"] * (status == 422)


def test_a_member_and_a_key_without_the_scope_change_nothing(member: Member) -> None:
    make_tracking_domain(member.workspace, HOST, DomainState.WORKS)
    small, narrow = program_of(member, role=Role.MEMBER), program_of(member, [Scope.CAMPAIGNS_READ])
    for program, code in ((small, "role_too_small"), (narrow, "scope_missing")):
        assert program.ask("GET", PATH).json()["host"] == HOST
        assert program.ask("DELETE", PATH).json()["code"] == code
        assert wish(program, "go.other.test")[1]["code"] == code
    assert TrackingDomain.objects.get().state == DomainState.WORKS
