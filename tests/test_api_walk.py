"""Walk every operation of the HTTP API with every kind of key: no program sees or changes what is not for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client
from django.urls import Resolver404, resolve

from outreach.accounts.access import Member, access_of
from outreach.accounts.keys import Scope
from outreach.accounts.models import ApiKey
from outreach.accounts.roles import Role
from outreach.api import openapi
from outreach.kit import clock
from sending.inbox.models import Answer
from tests.builders import make_mailbox, make_member
from tests.programs import Program, make_key
from tests.sending.dmarc.files import aggregate, record
from tests.sending.links.hosts.stage import zone
from tests.worlds import World, crossing_keys, every_url, make_world, rows_of

pytestmark = pytest.mark.django_db
NOBODY = "nobody-knows-this@example.com"
# What a body holds that is right, so that only the key can be wrong. A new operation must be entered here.
BODIES: dict[str, Any] = {
    "POST /contacts": lambda _: {"email": NOBODY},
    "POST /contacts/bulk": lambda _: {"contacts": [{"email": NOBODY}]},
    "PATCH /contacts/{contact_id}": lambda _: {"city": "changed"},
    "POST /tags": lambda w: {"contacts": [w.contact.pk], "add": ["changed"]},
    "POST /lists": lambda _: {"name": "changed"},
    "PATCH /lists/{list_id}": lambda _: {"name": "changed, too"},
    "POST /lists/{list_id}/members": lambda w: {"remove": [w.contact.pk]},
    "POST /lists/{list_id}/interests": lambda _: {
        "purpose": "changed",
        "necessity": "changed",
        "balancing": "changed",
        "review_on": (clock.now().date() + timedelta(days=9)).isoformat(),
    },
    "POST /imports": None,  # a form
    "POST /feedback/reports": None,  # a form
    "POST /domains/reports": None,  # a form
    "POST /imports/text": lambda _: {"text": f"email\n{NOBODY}\n"},
    "POST /imports/{import_id}/dry-run": lambda _: {"mapping": {"email": "email"}},
    "POST /imports/{import_id}/start": lambda _: {"mapping": {"email": "email"}},
    "POST /imports/{import_id}/cancel": lambda _: None,
    "POST /imports/{import_id}/undo": lambda _: None,
    "POST /templates": lambda _: {"name": "changed", "text": "changed"},
    "PATCH /templates/{template_id}": lambda _: {"note": "changed"},
    "POST /snippets": lambda _: {"name": "changed", "text": "changed"},
    "PATCH /snippets/{snippet_id}": lambda _: {"text": "changed"},
    "POST /campaigns/file": lambda _: {
        "format": "outreach-campaign",
        "version": 1,
        "name": "changed",
        "steps": [],
        "schedule": {"time_zone": "UTC", "windows": []},
    },
    "PATCH /campaigns/{campaign_id}/tracking": lambda _: {"clicks": True},
    "PUT /campaigns/{campaign_id}/schedule": lambda _: {
        "time_zone": "UTC",
        "windows": [{"weekday": 2, "start": "10:00", "end": "11:00"}],
    },
    "PUT /campaigns/{campaign_id}/audience": lambda w: {"lists": [w.contact_list.pk], "segments": []},
    "PUT /campaigns/{campaign_id}/senders": lambda w: {"mailboxes": [{"id": w.mailbox.pk, "weight": 7}]},
    "POST /campaigns/{campaign_id}/launch": lambda _: None,
    "POST /campaigns/{campaign_id}/pause": lambda _: None,
    "POST /campaigns/{campaign_id}/resume": lambda _: None,
    "POST /campaigns/{campaign_id}/stop": lambda _: None,
    "POST /campaigns/{campaign_id}/archive": lambda _: None,
    "POST /domains/{domain_id}/check": lambda _: None,
    "PUT /tracking-domain": lambda _: {"host": "go.changed.example"},
    "POST /tracking-domain/check": lambda _: None,
    "PATCH /conversations/{conversation_id}": lambda _: {"state": "done"},
    "POST /conversations/{conversation_id}/labels": lambda _: {"add": ["changed"]},
    "POST /conversations/{conversation_id}/notes": lambda _: {"text": "changed"},
    "POST /conversations/{conversation_id}/answers": lambda w: {"text": "changed", "mail_id": w.inbound.pk},
    "PATCH /mails/{mail_id}": lambda _: {"says": "neutral"},
    "POST /suppressions": lambda _: {"value": NOBODY},
}
OF_ADMINS = {"PUT /tracking-domain", "POST /tracking-domain/check", "DELETE /tracking-domain"}
# A dry run before it is started; an answer is called back before its contact is deleted; one domain after the other;
# nothing is changed of a campaign that is archived.
ORDER: dict[str, float] = {
    "POST /campaigns/{campaign_id}/archive": 0.5,
    "POST /imports/{import_id}/dry-run": -2,
    "GET /imports/{import_id}/dry-run": -1,
    "DELETE /conversations/{conversation_id}/answers/{message_id}": 0.5,
    "PUT /tracking-domain": 2,
}
# What a world does not let be done, and the code of why.
IN_THE_WAY = {
    "POST /imports/{import_id}/undo": "wrong_state",  # nothing was imported
    "DELETE /lists/{list_id}": "in_use",
    "POST /campaigns/{campaign_id}/launch": "not_ready",
    **dict.fromkeys(
        [f"POST /campaigns/{{campaign_id}}/{move}" for move in ("pause", "resume", "stop")], "not_possible"
    ),
}
IDS: dict[str, Any] = {
    "contact_id": lambda w: w.contact.pk,
    "list_id": lambda w: w.contact_list.pk,
    "import_id": lambda w: w.contact_import.pk,
    "template_id": lambda w: w.template.pk,
    "snippet_id": lambda w: w.snippet.pk,
    "campaign_id": lambda w: w.campaign.pk,
    "domain_id": lambda w: w.watched_domain.pk,
    "suppression_id": lambda w: w.suppression.pk,
    "conversation_id": lambda w: w.thread.pk,
    "mail_id": lambda w: w.inbound.pk,
    "number": lambda _: 0,  # of what is attached: the mail of a world is nothing else
    "message_id": lambda w: Answer.objects.filter(thread=w.thread).values_list("pk", flat=True).first() or 1,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the document has it."""

    method: str
    path: str
    scope: Scope
    role: Role

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def by(self, program: Program, world: World) -> Any:
        """Ask for it, with the ids of a world."""
        path = re.sub(r"\{(\w+)\}", lambda found: str(IDS[found[1]](world)), self.path)
        if self.name == "POST /imports":
            return program.send(path, {"file": SimpleUploadedFile("a.csv", f"email\n{NOBODY}\n".encode())})
        if self.name == "POST /feedback/reports":
            table = f"Date,Spam rate\n{clock.now().date() - timedelta(days=2)},1%\n".encode()
            return program.send(path, {"file": SimpleUploadedFile("a.csv", table), "domain": "changed.example"})
        if self.name == "POST /domains/reports":
            report = aggregate("changed.example", [record(header_from="changed.example")])
            return program.send(path, {"file": SimpleUploadedFile("a.xml", report)})
        if self.name == "DELETE /suppressions/{suppression_id}":
            path += "?why=changed"
        body = BODIES[self.name](world) if self.method in {"POST", "PUT", "PATCH"} else None
        headers = {"If_Match": "*"} if self.method == "PUT" else {}
        once = {"Idempotency_Key": "walk-1"} if self.path.endswith("/answers") else {}
        return program.ask(self.method, path, body, **headers, **once)


def operations() -> Iterator[Operation]:
    document = Client().get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            short = path.removeprefix("/api/v1")
            yield Operation(method.upper(), short, Scope(said["x-scope"]), Role(said["x-role"]))


def with_reported_domain(world: World) -> World:
    """Let the workspace send from the domain that the walk's report is about; a refusal would name it."""
    make_mailbox(world.workspace, "walk@changed.example", display_name=world.marker)
    return world


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    cache.clear()
    with zone(monkeypatch, "go.example.net. 60 IN A 127.0.0.1\n"):
        yield with_reported_domain(make_world("heliotrope"))


@pytest.fixture
def theirs() -> World:
    return with_reported_domain(make_world("quicksilver"))


def test_the_document_has_every_address_and_the_walk_every_body() -> None:
    found = list(operations())
    assert {one.name for one in found if one.method in {"POST", "PUT", "PATCH"}} == set(BODIES)
    assert access_of(openapi) == "public"
    guarded = {str(pattern.pattern) for pattern in every_url().values() if access_of(pattern.callback) == "api_key"}
    assert {re.sub(r"<int:(\w+)>", r"{\1}", route) for route in guarded} == {one.path.lstrip("/") for one in found}
    for pattern in every_url().values():
        assert access_of(pattern.callback) is not None


def test_whoever_changes_something_needs_a_members_key_and_a_scope_to_write() -> None:
    for one in operations():
        is_reading = one.method == "GET"
        assert one.scope.endswith(":read" if is_reading else ":write"), one.name
        role = Role.ADMIN if one.name in OF_ADMINS else Role.MEMBER
        assert one.role == (Role.VIEWER if is_reading else role), one.name


def test_nothing_opens_without_a_key_that_is_valid(mine: World) -> None:
    before = rows_without_keys(mine)
    owner = owner_of(mine)
    revoked, expired = make_key(owner), make_key(owner, expires_at=clock.now() - timedelta(seconds=1))
    ApiKey.objects.filter(pk=revoked[0].pk).update(revoked_at=clock.now())
    signed_in = Program("")
    signed_in.client.force_login(owner.user)
    programs = [Program(revoked[1]), Program(expired[1]), Program("okey_000000000000_" + "A" * 43), signed_in]
    for one in operations():
        for program in programs:
            answer = one.by(program, mine)
            assert (answer.status_code, answer.json()["code"]) == (401, "not_admitted"), one.name
            assert_silent(answer, mine, one.name)
    assert rows_without_keys(mine) == before


def test_a_key_of_another_workspace_finds_nothing_here(mine: World, theirs: World) -> None:
    before = rows_of(mine.workspace)
    program = Program(make_key(owner_of(theirs))[1])
    for one in operations():
        answer = one.by(program, mine)
        assert_silent(answer, mine, one.name)
        if "{" in one.path:
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), one.name
    assert rows_of(mine.workspace) == before
    assert crossing_keys() == []


def test_a_scope_or_a_role_that_is_missing_is_told_and_nothing_is_done(mine: World) -> None:
    viewer, owner = make_member(mine.workspace, Role.VIEWER), owner_of(mine)
    reading = Program(make_key(viewer)[1])
    without = {scope: Program(make_key(owner, [one for one in Scope if one != scope])[1]) for scope in Scope}
    for program in (reading, *without.values()):
        program.ask("GET", "/nothing")
    before = rows_without_keys(mine)
    for one in operations():
        small = one.by(without[one.scope], mine)
        assert (small.status_code, small.json()["code"]) == (403, "scope_missing"), one.name
        answer = one.by(reading, mine)
        has_none = one.name == "GET /imports/{import_id}/dry-run"
        expected = 404 if has_none else 200 if one.role == Role.VIEWER else 403
        assert answer.status_code == expected, one.name
        if expected == 403:
            assert answer.json()["code"] == "role_too_small", one.name
    assert rows_without_keys(mine) == before


def test_every_operation_works_for_its_own_workspace(mine: World, theirs: World) -> None:
    program = Program(make_key(owner_of(mine))[1])
    before = rows_of(theirs.workspace)
    for one in sorted(operations(), key=lambda one: ORDER.get(one.name, one.method == "DELETE")):
        answer = one.by(program, mine)
        if one.name in IN_THE_WAY:
            assert (answer.status_code, answer.json()["code"]) == (409, IN_THE_WAY[one.name])
        else:
            assert 200 <= answer.status_code < 300, (one.name, answer.content)
        assert_silent(answer, theirs, one.name)
        assert "no-store" in answer["Cache-Control"], one.name
        assert answer["Content-Security-Policy"], one.name
        assert not answer.cookies, one.name
    assert rows_of(theirs.workspace) == before


def test_paths_that_are_none_lead_to_no_operation() -> None:
    with pytest.raises(Resolver404):
        resolve("/api/v2/contacts")
    assert resolve("/api/v1/contacts/../lists").url_name == "missing"


def owner_of(world: World) -> Member:
    return Member(user=world.owner.user, workspace=world.workspace, role=Role.OWNER)


def rows_without_keys(world: World) -> dict[str, list[dict[str, object]]]:
    rows = rows_of(world.workspace)
    rows.pop(ApiKey._meta.label)  # the last use
    return rows


def assert_silent(answer: HttpResponseBase, world: World, name: str) -> None:
    content = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert world.marker not in content.decode(), name
