"""Conversations over the HTTP API: what the inbox shows and does, by the same rules, and an answer never twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache

from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.keys import Scope
from outreach.accounts.models import KeptAnswer
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.inbox.models import Draft, InboundMessage, Thread, ThreadNote
from sending.inbox.threads.services import add_note, put_label
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from tests.builders import make_member
from tests.programs import Program, program_of
from tests.sending.inbox.scene import CAME_AT, Scene, come_in, days, dsn, mail, make_scene, with_attached

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    cache.clear()
    return make_scene()


@pytest.fixture
def program(scene: Scene) -> Program:
    return program_of(scene.member)


def hers(scene: Scene, text: str = "Yes, tell me more.") -> InboundMessage:
    return come_in(scene, mail(text, in_reply_to=scene.message.message_id))


def stranger(scene: Scene, number: int) -> InboundMessage:
    raw = mail("Hello", sender=f"Guest <guest{number}@y.example>", subject=f"Talk {number}")
    return come_in(scene, raw, at=CAME_AT + days(number))


def listed(program: Program, query: str) -> list[str]:
    answer = program.ask("GET", f"/conversations{query}")
    assert answer.status_code == 200, answer.content
    return [one["subject"] for one in answer.json()["results"]]


def refused(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_lists_are_those_of_the_inbox_page_by_page(scene: Scene, program: Program) -> None:
    talks = [stranger(scene, number).thread for number in range(5)]
    come_in(scene, dsn("<nobody@x>"), at=CAME_AT + days(9))
    assert talks[1] is not None
    put_label(scene.member, talks[1], "Hot")
    assert listed(program, "") == [f"Talk {number}" for number in (4, 3, 2, 1, 0)]
    assert listed(program, "?scope=machines") == ["Undelivered Mail Returned to Sender"]
    assert listed(program, "?label=hOT") == ["Talk 1"]
    assert listed(program, "?label=unknown") == []
    assert listed(program, "?q=guest3@y.example") == ["Talk 3"]
    first = program.ask("GET", "/conversations?limit=3").json()
    assert listed(program, f"?limit=3&cursor={first['next']}") == ["Talk 1", "Talk 0"]
    assert refused(program.ask("GET", "/conversations?scope=nonsense")) == (422, "invalid")
    assert refused(program.ask("GET", "/conversations?cursor=nonsense")) == (422, "invalid")


def test_a_conversation_is_read_with_both_sides_and_notes_and_stays_unread(scene: Scene, program: Program) -> None:
    row = hers(scene)
    assert row.thread is not None
    before = program.ask("GET", f"/conversations/{row.thread.pk}").json()["version"]
    add_note(scene.member, row.thread, "For us only")
    found = program.ask("GET", f"/conversations/{row.thread.pk}").json()
    assert found["version"] != before
    assert [one["version"] for one in program.ask("GET", "/conversations").json()["results"]] == [found["version"]]
    assert (found["contact_id"], found["campaign_id"], found["is_unread"], found["is_awaiting"]) == (
        scene.contact.pk, scene.campaign.pk, True, True,
    )  # fmt: skip
    said = program.ask("GET", f"/conversations/{row.thread.pk}/mails").json()
    assert [(one["type"], one["text"]) for one in said["results"]] == [
        ("note", "For us only"), ("received", "Yes, tell me more.\n"), ("sent", "Good day"),
    ]  # fmt: skip
    assert said["next"] == ""
    assert refused(program.ask("GET", f"/conversations/{row.thread.pk}/mails?cursor=bad")) == (422, "invalid")


def test_what_is_attached_is_named_with_its_mail_and_comes_as_a_file_that_nothing_runs(
    scene: Scene, program: Program
) -> None:
    raw = with_attached(b"<script>alert(1)</script>", name='"../<b>evil</b>.html"', content_type="text/html")
    row = come_in(scene, raw)
    said = program.ask("GET", f"/conversations/{row.thread_id}/mails").json()["results"]
    assert [one["attached"] for one in said if one["type"] == "received"] == [
        [{"number": 1, "name": "b .html", "content_type": "text/html", "size_bytes": 25}]
    ]
    answer = program.ask("GET", f"/mails/{row.pk}/attachments/1")
    assert (answer.status_code, answer.content) == (200, b"<script>alert(1)</script>")
    assert answer["Content-Type"] == "application/octet-stream", "the type that it names could run in a browser"
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''b%20.html"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert answer["RateLimit"]
    for wrong in (
        f"/mails/{row.pk}/attachments/0",
        f"/mails/{row.pk}/attachments/9",
        f"/mails/{row.pk + 1}/attachments/1",
    ):
        assert refused(program.ask("GET", wrong)) == (404, "not_found"), wrong
    assert refused(program.ask("GET", f"/mails/{row.pk}/attachments/100000")) == (422, "invalid")
    others = program_of(make_scene("theirs").member)
    assert refused(others.ask("GET", f"/mails/{row.pk}/attachments/1")) == (404, "not_found")
    without = program_of(scene.member, [one for one in Scope if one != Scope.INBOX_READ])
    assert refused(without.ask("GET", f"/mails/{row.pk}/attachments/1")) == (403, "scope_missing")


def test_a_conversation_is_put_away_snoozed_given_and_marked_all_or_nothing(scene: Scene, program: Program) -> None:
    row = hers(scene)
    mate = make_member(scene.workspace, Role.MEMBER, email="mate@acme.example")
    url = f"/conversations/{row.thread_id}"
    until = (clock.now() + timedelta(days=2)).isoformat()
    wanted = {"state": "snoozed", "snoozed_until": until, "assignee": "MATE@acme.example", "is_unread": False}
    found = program.ask("PATCH", url, wanted).json()
    assert (found["state"], found["assignee"], found["is_unread"]) == ("snoozed", mate.user.email, False)
    for wrong in (
        {"state": "snoozed"},
        {"state": "snoozed", "snoozed_until": "2020-01-01T00:00:00Z"},
        {"snoozed_until": until},
        {"state": "done", "assignee": "stranger@else.example"},
        {"state": "sleeping"},
        {"unread": True},
    ):
        assert refused(program.ask("PATCH", url, wrong)) == (422, "invalid"), wrong
    assert refused(program.ask("PATCH", url, {"state": "snoozed", "snoozed_until": "2099-01-01T00:00:00Z"})) == (
        409, "not_possible",
    )  # fmt: skip
    assert Thread.objects.get().state == "snoozed"
    found = program.ask("PATCH", url, {"state": "open", "assignee": ""}).json()
    assert (found["state"], found["snoozed_until"], found["assignee"]) == ("open", None, "")


def test_labels_and_notes_are_those_of_the_page(scene: Scene, program: Program) -> None:
    url = f"/conversations/{hers(scene).thread_id}"
    assert program.ask("POST", f"{url}/labels", {"add": ["Hot", "Fair"]}).json()["labels"] == ["Fair", "Hot"]
    found = program.ask("POST", f"{url}/labels", {"remove": ["hot", "never there"]}).json()
    assert found["labels"] == ["Fair"]
    note = program.ask("POST", f"{url}/notes", {"text": "They know us."})
    assert (note.status_code, note.json()["sender"]) == (201, scene.member.user.email)
    assert ThreadNote.objects.get().text == "They know us."


def test_a_class_is_corrected_on_an_answer_and_on_nothing_else(scene: Scene, program: Program) -> None:
    row, report = hers(scene), come_in(scene, dsn("<nobody@x>"))
    found = program.ask("PATCH", f"/mails/{row.pk}", {"says": "negative"}).json()
    assert (found["says"], found["is_said_by_a_person"]) == ("negative", True)
    assert InboundMessage.objects.get(pk=row.pk).labelled_by == scene.member.user
    assert refused(program.ask("PATCH", f"/mails/{report.pk}", {"says": "negative"})) == (422, "invalid")
    assert refused(program.ask("PATCH", f"/mails/{row.pk}", {"says": "nonsense"})) == (422, "invalid")


def test_an_answer_is_put_up_once_also_long_after_the_kept_answer_is_gone(scene: Scene, program: Program) -> None:
    row = hers(scene)
    url, wanted = f"/conversations/{row.thread_id}/answers", {"text": "Ten a month.", "mail_id": row.pk}
    assert refused(program.ask("POST", url, wanted)) == (400, "idempotency_key_needed")
    first = program.ask("POST", url, wanted, Idempotency_Key="crm-7")
    assert first.status_code == 201
    again = program.ask("POST", url, wanted, Idempotency_Key="crm-7")
    assert again["Idempotent-Replayed"] == "true"
    KeptAnswer.objects.all().delete()  # a day has passed
    late = program.ask("POST", url, wanted, Idempotency_Key="crm-7")
    assert [one.json()["id"] for one in (first, again, late)] == [first.json()["id"]] * 3
    made = OutboundMessage.objects.get(answer__isnull=False)
    assert (made.recipient, made.in_reply_to, made.state) == ("ada@x.example", "", MessageState.DEFERRED)
    assert made.body_text.startswith("Ten a month.\n\nOn ")


def test_an_answer_is_called_back_until_it_is_on_its_way(scene: Scene, program: Program) -> None:
    row = hers(scene)
    url = f"/conversations/{row.thread_id}/answers"
    later = (clock.now() + timedelta(days=1)).isoformat()
    wanted = {"text": "Later.", "mail_id": row.pk, "send_at": later, "quotes": False}
    made = program.ask("POST", url, wanted, Idempotency_Key="1")
    assert program.ask("DELETE", f"{url}/{made.json()['id']}").status_code == 204
    assert (Draft.objects.get().text, OutboundMessage.objects.get(answer__isnull=False).state) == (
        "Later.\n", MessageState.CANCELLED,
    )  # fmt: skip
    assert refused(program.ask("DELETE", f"{url}/{made.json()['id']}")) == (409, "not_possible")
    assert refused(program.ask("DELETE", f"{url}/{scene.message.pk}")) == (404, "not_found"), "no answer"


def test_what_holds_an_answer_on_the_page_holds_it_here(scene: Scene, program: Program) -> None:
    row = hers(scene)
    url = f"/conversations/{row.thread_id}/answers"
    opened = program.ask("POST", url, {"text": "Hi [[first_name]]", "mail_id": row.pk}, Idempotency_Key="1")
    assert refused(opened) == (409, "not_possible")
    suppress(scene.workspace, "ada@x.example", SuppressionReason.MANUAL, evidence="By phone")
    wanted = {"text": "Hi", "mail_id": row.pk, "despite_suppression": True}
    held = program.ask("POST", url, wanted, Idempotency_Key="2")
    assert refused(held) == (409, "not_possible"), "they have not written since"
    assert "suppressed" in held.json()["detail"]
    assert not OutboundMessage.objects.filter(answer__isnull=False).exists()
