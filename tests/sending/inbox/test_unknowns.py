"""Mails that no rule knows: a person says what their words mean, sees what that changes, and may end it again."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.inbox.models import InboundMessage, WordRule
from sending.inbox.unknowns.attempts import tell_new_attempts
from sending.inbox.unknowns.core import About, BadRule
from sending.inbox.unknowns.services import end, preview, save, unknowns
from sending.mailboxes.models import Cooldown
from sending.outbox.models import Attempt
from sending.planner.models import Enrollment
from tests.builders import make_contact, make_member
from tests.sending.inbox.scene import Scene, come_in, days, dsn, mail, make_scene, second_campaign

pytestmark = pytest.mark.django_db
ODD = {"status": "5.0.0", "said": "smtp; 554 Frobnicated: account number 17 is gone for ever"}
GONE = "account number * is gone"


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def bounced(scene: Scene, **other: str) -> InboundMessage:
    return come_in(scene, dsn(scene.message.message_id, **{**ODD, **other}))


def test_unknown_reasons_are_shown_once_for_each_shape(scene: Scene) -> None:
    bounced(scene)
    bounced(scene, said="smtp; 554 Frobnicated: account number 99 is gone for ever", message_id="<dsn-2@mx.example>")
    bounced(scene, said="smtp; 554 Quite another thing", message_id="<dsn-3@mx.example>")
    assert [one.count for one in unknowns(scene.member, About.BOUNCE)] == [2, 1]
    assert unknowns(make_scene("theirs").member, About.BOUNCE) == []


def test_of_a_mail_of_any_size_its_beginning_is_looked_through_and_nothing_of_it_is_kept(scene: Scene) -> None:
    row = bounced(scene)
    raw = bytes(row.raw)
    InboundMessage.objects.filter(pk=row.pk).update(raw=raw + b"x" * 300_000)
    (found,) = unknowns(scene.member, About.BOUNCE)
    assert "frobnicated" in found.words
    assert found.newest.get_deferred_fields() == {"raw"}
    assert len(found.newest.head) == 0  # type: ignore[union-attr]  # annotated
    assert preview(scene.member, About.BOUNCE, GONE, "bad_mailbox").changes
    assert save(scene.member, About.BOUNCE, GONE, "bad_mailbox").changed == 1


def test_a_rule_is_looked_at_before_it_changes_anything(scene: Scene) -> None:
    row = bounced(scene)
    found = preview(scene.member, About.BOUNCE, "Account Number * is GONE", "bad_mailbox")
    assert (found.words, found.looked_through) == (GONE, 1)
    assert found.changes == [(row, "ada@x.example is suppressed, and its sequences are stopped.")]
    assert (scene.suppressed(), scene.stands, WordRule.objects.count()) == ({}, ("active", ""), 0)


def test_a_kept_rule_tells_the_past_and_what_comes(scene: Scene) -> None:
    row = bounced(scene)
    rule = save(scene.member, About.BOUNCE, GONE, "bad_mailbox")
    row.refresh_from_db()
    assert (row.category, rule.changed, rule.made_by) == ("bad_mailbox", 1, scene.member.user)
    assert row.evidence[-1] == {"layer": "workspace", "rule": f"rule-{rule.pk}", "words": "account number 17 is gone"}
    assert scene.suppressed() == {"ada@x.example": "no_such_address"}
    assert scene.stands == ("stopped", "bounced")
    other = second_campaign(scene, make_contact(scene.workspace, "eve@x.example"), scene.mailbox)
    later = come_in(scene, dsn(other.message_id, to="eve@x.example", message_id="<dsn-9@mx.example>", **ODD))
    assert later.category == "bad_mailbox"
    assert Enrollment.objects.get(messages=other).stop_reason == "bounced"


def test_a_rule_never_unsays_what_the_program_knows(scene: Scene) -> None:
    save(scene.member, About.BOUNCE, "mailbox full", "bad_mailbox")
    row = bounced(scene, status="5.2.2", said="smtp; 552 5.2.2 Mailbox full")
    assert row.category == "mailbox_full"
    assert scene.suppressed() == {}


def test_a_forged_report_changes_nothing_by_a_rule_either(scene: Scene) -> None:
    row = come_in(scene, dsn("", **ODD))
    (change,) = preview(scene.member, About.BOUNCE, GONE, "bad_mailbox").changes
    assert change[1] == "It names no message of ours: nothing else follows."
    save(scene.member, About.BOUNCE, GONE, "bad_mailbox")
    row.refresh_from_db()
    assert row.category == "bad_mailbox"
    assert (scene.suppressed(), scene.stands) == ({}, ("active", ""))


def test_an_answer_that_nobody_knows_is_said_by_words_too(scene: Scene) -> None:
    row = come_in(scene, mail("Bring it on!", in_reply_to=scene.message.message_id))
    save(scene.member, About.ANSWER, "bring it on", "positive")
    row.refresh_from_db()
    assert (row.guess, row.guess_is_certain) == ("positive", False)
    again = come_in(scene, mail("So: bring it on.", in_reply_to=scene.message.message_id))
    assert (again.guess, again.guess_is_certain) == ("positive", False)


def test_an_ended_rule_tells_nothing_and_stays(scene: Scene) -> None:
    rule = save(scene.member, About.BOUNCE, GONE, "temporary")
    assert end(scene.member, rule.pk)
    assert not end(scene.member, rule.pk)
    assert bounced(scene).category == "unknown"
    assert WordRule.objects.get().ended_by == scene.member.user
    assert save(scene.member, About.BOUNCE, GONE, "temporary").changed == 1


def test_a_rule_counts_in_its_workspace_alone(scene: Scene) -> None:
    save(make_scene("theirs").member, About.BOUNCE, GONE, "bad_mailbox")
    assert bounced(scene).category == "unknown"


@pytest.mark.parametrize(
    ("words", "means"), [("", "temporary"), ("a", "temporary"), ("gone * x", "temporary"), ("is gone", "complaint")]
)
def test_words_that_are_met_by_chance_are_refused(scene: Scene, words: str, means: str) -> None:
    with pytest.raises(BadRule):
        save(scene.member, About.BOUNCE, words, means)


def test_the_same_words_have_one_rule(scene: Scene) -> None:
    save(scene.member, About.BOUNCE, GONE, "temporary")
    with pytest.raises(BadRule):
        save(scene.member, About.BOUNCE, GONE.upper(), "bad_mailbox")


def refused(scene: Scene, text: str = "Frobnicated: account number 17 is gone for ever") -> Attempt:
    """Let a server refuse the scene's message while it was handed over, in words that no rule knows."""
    at = clock.now()
    return Attempt.objects.create(
        id=uuid4(), message=scene.message, number=1, outcome="refused", phase="rcpt", reply_code=554, reply_text=text,
        category="unknown", started_at=at, ended_at=at,
    )  # fmt: skip


def test_an_answer_of_a_server_is_told_by_the_same_rules_as_a_report(scene: Scene) -> None:
    told = refused(scene)
    (unknown,) = unknowns(scene.member, About.BOUNCE)
    assert (unknown.is_mail, unknown.count) == (False, 1)
    assert unknowns(make_scene("theirs").member, About.BOUNCE) == []
    found = preview(scene.member, About.BOUNCE, GONE, "bad_mailbox")
    assert found.answers == [(told, "ada@x.example is suppressed, and its sequences are stopped.")]
    assert save(scene.member, About.BOUNCE, GONE, "bad_mailbox").changed == 1
    told.refresh_from_db()
    assert told.category == "bad_mailbox"
    assert scene.suppressed() == {"ada@x.example": "no_such_address"}
    assert scene.stands == ("stopped", "bounced")


def test_a_rule_tells_the_answers_of_servers_that_come_and_no_old_ones(scene: Scene) -> None:
    save(scene.member, About.BOUNCE, GONE, "reputation_block")
    save(make_scene("theirs").member, About.BOUNCE, GONE, "bad_mailbox")
    old, other, told = refused(scene), refused(scene, "Quite another thing"), refused(scene)
    Attempt.objects.filter(pk=old.pk).update(ended_at=old.ended_at - days(1))
    assert tell_new_attempts() == 1
    assert tell_new_attempts() == 0
    assert [Attempt.objects.get(pk=one.pk).category for one in (old, other, told)] == [
        "unknown", "unknown", "reputation_block",
    ]  # fmt: skip
    assert Cooldown.objects.get().side == "x.example"
    assert scene.suppressed() == {}


def test_the_page_shows_tries_keeps_and_ends(scene: Scene) -> None:
    bounced(scene)
    refused(scene)
    client = Client()
    client.force_login(scene.member.user)
    url = scene.member.url("inbox:unknowns")
    shown = client.get(url).text
    assert "account number 17 is gone" in shown
    assert "Refused while it was handed over" in shown
    asked = client.get(url, {"about": "bounce", "words": GONE, "means": "bad_mailbox"}).text
    assert "ada@x.example is suppressed" in asked
    assert "1 mail and 1 answer of servers" in asked
    assert client.get(url, {"words": "a", "means": "bad_mailbox"}).status_code == 422
    kept = client.post(scene.member.url("inbox:rule_add"), {"about": "bounce", "words": GONE, "means": "bad_mailbox"})
    assert kept.status_code == 302
    assert "Everything is known" in client.get(url).text
    client.post(scene.member.url("inbox:rule_end", WordRule.objects.get().pk))
    assert "Ended by" in client.get(url).text
    viewer = make_member(scene.workspace, email="v@acme.example", role=Role.VIEWER)
    client.force_login(viewer.user)
    assert client.post(scene.member.url("inbox:rule_add"), {"words": "more words"}).status_code == 403


def test_the_page_of_a_mail_offers_what_a_person_decides(scene: Scene) -> None:
    client = Client()
    client.force_login(scene.member.user)
    row = come_in(scene, mail(sender="Bob <bob@x.example>", subject="Re: Hello"))
    page = client.get(scene.member.url("inbox:detail", row.pk)).text
    assert "Whose is it?" in page
    client.post(scene.member.url("inbox:suggestion", row.pk), {"says": "yes"})
    assert scene.stands == ("stopped", "replied")


def test_an_attachment_is_saved_and_never_shown(scene: Scene) -> None:
    client = Client()
    client.force_login(scene.member.user)
    body = (
        b"From: Ada <ada@x.example>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\n"
        b"Content-Type: text/html\r\n"
        b'Content-Disposition: attachment; filename="x\r\n y\xc3\xbc.html"\r\n\r\n<script>\r\n--b--'
    )
    row = come_in(scene, body)
    assert "yü.html" in client.get(scene.member.url("inbox:detail", row.pk)).text
    answer = client.get(scene.member.url("inbox:attached", row.pk, 1))
    assert answer.content == b"<script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''x%20y%C3%BC.html")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert client.get(scene.member.url("inbox:attached", row.pk, 0)).status_code == 404
    assert client.get(make_scene("theirs").member.url("inbox:attached", row.pk, 1)).status_code == 404
