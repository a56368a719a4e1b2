"""Campaigns over HTTP: how each stands, and what can be done with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.roles import Role
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.services import Entry, record
from sending.planner.ending import stop_campaign
from sending.planner.forecast.outlooks import outlooks_of, reckon_due
from sending.planner.models import Enrollment
from sending.planner.services import pause
from sending.planner.states import EnrollmentState
from tests.builders import make_campaign, make_list, make_running_campaign, make_step
from tests.programs import Program, make_key, program_of
from tests.sending.planner.stage import database_time, make_people, make_sender, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    cache.clear()
    return make_team()


@pytest.fixture
def program(member: Member) -> Program:
    return Program(make_key(member)[1])


def test_a_campaign_is_told_with_its_people_and_its_outlook(member: Member, program: Program) -> None:
    campaign = make_running_campaign(member, make_people(member, 3), (make_sender(member),))
    draft = make_campaign(member.workspace, "Later")
    said = program.ask("GET", f"/campaigns/{campaign.pk}").json()
    assert (said["state"], said["outlook"], said["is_complete"]) == ("running", None, False)
    assert (said["people"]["enrolled"], said["people"]["active"]) == (3, 3)
    reckon_due()
    kept = outlooks_of([campaign.pk])[campaign.pk]
    assert kept.ends_at
    newest, first = program.ask("GET", "/campaigns").json()["results"]
    assert (newest["id"], newest["people"], newest["outlook"]) == (draft.pk, None, None)
    outlook = first["outlook"]
    assert outlook["done_by"][:19] == kept.ends_at.isoformat()[:19]
    assert (outlook["left"], outlook["binding"], outlook["binding_words"]) == (0, kept.binding, kept.words)
    assert outlook["is_overtaken"] is kept.is_overtaken
    Enrollment.objects.update(state=EnrollmentState.FINISHED, due_at=None)
    said = program.ask("GET", f"/campaigns/{campaign.pk}").json()
    assert (said["is_complete"], said["outlook"]) == (True, None)


def test_a_page_of_campaigns_costs_as_many_questions_as_one(member: Member, program: Program) -> None:
    program.ask("GET", "/campaigns")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert program.ask("GET", "/campaigns").status_code == 200
        return len(queries)

    make_campaign(member.workspace, "First")
    one = cost()
    for number in range(9):
        make_campaign(member.workspace, f"Campaign {number}")
    assert cost() == one


def version_of(answer: Any) -> str:
    return str(answer.headers["ETag"])


MONDAYS = {"weekday": 1, "start": "09:00", "end": "17:00"}
SCHEDULE = {
    "time_zone": "Europe/Berlin",
    "windows": [MONDAYS],
    "new_contacts_per_day": 5,
    "priority": "high",
    "holidays": [{"country": "DE", "part": "BY"}],
}


def test_a_program_goes_from_a_draft_to_the_end_of_its_campaign_by_the_gates_of_the_pages(
    member: Member, program: Program
) -> None:
    campaign = make_campaign(member.workspace)
    make_step(campaign)
    mailbox, leads = make_sender(member), make_list(member.workspace, "Leads", make_people(member, 3))
    path = f"/campaigns/{campaign.pk}"
    refused = program.ask("POST", f"{path}/launch")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
    red = {one["field"] for one in refused.json()["errors"]}
    assert red == {"no_audience", "no_window", "no_mailbox"}
    said = program.ask("GET", f"{path}/review").json()
    assert (said["may_launch"], {one["code"] for one in said["gates"] if one["light"] == "red"}) == (
        False, {"audience", "schedule", "senders"},
    )  # fmt: skip
    wanted = {
        "audience": {"lists": [leads.pk]},
        "schedule": {
            **SCHEDULE,
            "windows": [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)],
        },
        "senders": {"mailboxes": [{"id": mailbox.pk, "weight": 3}], "rotation": "weighted"},
    }
    for part, body in wanted.items():
        version = version_of(program.ask("GET", f"{path}/{part}"))
        changed = program.ask("PUT", f"{path}/{part}", body, If_Match=version)
        assert changed.status_code == 200, changed.content
        assert version_of(changed) == version_of(program.ask("GET", f"{path}/{part}")) != version
    said = program.ask("GET", f"{path}/review?complete=true").json()
    assert (said["may_launch"], said["people"]) == (True, 3)
    assert [one["code"] for one in said["gates"]][-2:] == ["values", "forecast"]
    launched = program.ask("POST", f"{path}/launch", Idempotency_Key="launch-1")
    assert (launched.status_code, launched.json()["enrolled"]) == (200, 3)
    again = program.ask("POST", f"{path}/launch", Idempotency_Key="launch-1")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (launched.json(), "true")
    assert program.ask("POST", f"{path}/launch").json()["code"] == "not_ready"
    assert program.ask("POST", f"{path}/pause").json()["state"] == "paused"
    assert program.ask("POST", f"{path}/pause").json()["code"] == "not_possible"
    assert program.ask("POST", f"{path}/resume").json()["state"] == "running"
    assert program.ask("POST", f"{path}/archive").json()["code"] == "not_possible"
    stopped = program.ask("POST", f"{path}/stop").json()
    assert (stopped["called_off"], stopped["campaign"]["state"]) == (3, "stopped")
    assert program.ask("POST", f"{path}/stop").json()["called_off"] == 0
    assert program.ask("POST", f"{path}/archive").json()["state"] == "archived"
    told = Event.objects.filter(campaign_id=campaign.pk).order_by("id")
    assert [one.kind for one in told if one.data.get("by") == member.user.email] == [
        "launched", "paused", "resumed", "ended", "archived",
    ]  # fmt: skip


def test_a_key_that_writes_campaigns_does_not_launch_them(member: Member) -> None:
    program = Program(make_key(member, [one for one in Scope if one is not Scope.LAUNCH_WRITE])[1])
    path = f"/campaigns/{make_campaign(member.workspace).pk}"
    for move in ("launch", "pause", "resume", "stop", "archive"):
        assert program.ask("POST", f"{path}/{move}").json()["code"] == "scope_missing", move


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("schedule", SCHEDULE),
        ("audience", {"lists": []}),
        ("senders", {"mailboxes": [], "rotation": "provider"}),
    ],
)
def test_a_change_says_what_it_was_made_from(member: Member, program: Program, part: str, body: Any) -> None:
    path = f"/campaigns/{make_campaign(member.workspace, grows=True).pk}/{part}"
    version = version_of(program.ask("GET", path))
    assert (refused := program.ask("PUT", path, body)).status_code == 428
    assert refused.json()["code"] == "version_missing"
    assert program.ask("PUT", path, body, If_Match=f'"other", {version}').status_code == 200
    late = program.ask("PUT", path, body, If_Match=version)
    assert (late.status_code, late.json()["code"]) == (412, "overtaken")
    assert version_of(late) == version_of(program.ask("GET", path)) != version
    assert program.ask("PUT", path, body, If_Match="*").status_code == 200


@pytest.mark.parametrize(
    ("part", "body", "field"),
    [
        ("schedule", {**SCHEDULE, "time_zone": "Mars/Base"}, "time_zone"),
        ("schedule", {**SCHEDULE, "windows": []}, "windows"),
        ("schedule", {**SCHEDULE, "windows": [MONDAYS, MONDAYS]}, "windows"),
        ("schedule", {**SCHEDULE, "windows": [{"weekday": 8, "start": "1", "end": "2"}]}, "windows.0.weekday"),
        ("schedule", {**SCHEDULE, "starts_on": "2999-01-01"}, "starts_on"),
        ("schedule", {**SCHEDULE, "holidays": [{"country": "XX"}]}, "holidays"),
        ("schedule", {**SCHEDULE, "new_contacts_per_day": 0}, "new_contacts_per_day"),
        ("schedule", {**SCHEDULE, "caps": 3}, "caps"),
        ("audience", {"lists": [1_000_000]}, "lists.0"),
        ("audience", {"lists": [], "segments": [1_000_000]}, "segments.0"),
        ("senders", {"mailboxes": [{"id": 1_000_000}]}, "mailboxes.0.id"),
        ("senders", {"mailboxes": [], "tags": ["unheard"]}, "tags.0"),
        ("senders", {"mailboxes": [], "rotation": "random"}, "rotation"),
    ],
)
def test_what_no_page_would_take_is_refused_by_its_place(
    member: Member, program: Program, part: str, body: Any, field: str
) -> None:
    path = f"/campaigns/{make_campaign(member.workspace).pk}/{part}"
    before = program.ask("GET", path)
    refused = program.ask("PUT", path, body, If_Match="*")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert program.ask("GET", path).json() == before.json()


def test_what_is_changed_of_a_running_campaign_is_told_as_from_its_pages(member: Member, program: Program) -> None:
    mailbox, second = make_sender(member), make_sender(member, "second@acme.example", tags=["west"])
    campaign = make_running_campaign(member, make_people(member, 2), (mailbox,))
    path, before = f"/campaigns/{campaign.pk}", Event.objects.count()
    assert program.ask("PUT", f"{path}/schedule", SCHEDULE, If_Match="*").status_code == 200
    chosen = program.ask("PUT", f"{path}/senders", {"mailboxes": [], "tags": ["west"]}, If_Match="*").json()
    assert [(one["address"], one["by_tag"]) for one in chosen["mailboxes"]] == [(second.address, True)]
    assert program.ask("PUT", f"{path}/audience", {"lists": []}, If_Match="*").json()["code"] == "not_possible"
    lists = [one["id"] for one in program.ask("GET", f"{path}/audience").json()["lists"]]
    body = {"lists": lists, "grows": True, "skips_roles": False}
    assert program.ask("PUT", f"{path}/audience", body, If_Match="*").json()["grows"] is True
    told = Event.objects.order_by("id")[before:]
    assert [one.data["what"] for one in told] == [
        "schedule_changed", "senders_changed", "audience_changed", "audience_changed",
    ]  # fmt: skip
    assert {one.data["by"] for one in told} == {member.user.email}


def test_a_campaign_that_has_ended_is_kept_as_it_was(member: Member, program: Program) -> None:
    campaign = make_running_campaign(member, make_people(member, 1), (make_sender(member),))
    stop_campaign(member, campaign)
    for part, body in (("schedule", SCHEDULE), ("senders", {"mailboxes": []}), ("audience", {"lists": []})):
        refused = program.ask("PUT", f"/campaigns/{campaign.pk}/{part}", body, If_Match="*")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_possible"), part


def test_against_complaints_only_an_admins_key_resumes_and_says_why(member: Member, program: Program) -> None:
    campaign = make_running_campaign(member, make_people(member, 1), (make_sender(member),))
    pause(member, campaign)
    at = database_time() - timedelta(hours=1)
    record([Entry(campaign.workspace_id, EventKind.COMPLAINED, at, campaign_id=campaign.pk) for _ in range(3)])
    path = f"/campaigns/{campaign.pk}/resume"
    colleague = program_of(member, role=Role.MEMBER)
    for refused in (colleague.ask("POST", f"{path}?why=no"), program.ask("POST", path)):
        assert (refused.status_code, refused.json()["code"]) == (409, "still_guarded")
    assert program.ask("POST", f"{path}?why=They+were+asked").json()["state"] == "running"
    assert "They were asked" in Event.objects.get(kind=EventKind.GUARD_RELEASED).data["words"]
