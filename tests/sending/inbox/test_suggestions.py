"""Strangers who may write for somebody of ours: suggested, never believed, and linked when a person says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied

from campaigns.contacts.models import Contact
from outreach.accounts.roles import Role
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.inbox.suggestions import accept, decline
from sending.ledger.kinds import EventKind
from sending.outbox.models import OutboundMessage
from tests.builders import make_contact, make_mailbox, make_member
from tests.sending.inbox.scene import SENT_AT, Scene, come_in, days, dsn, mail, make_scene, second_campaign

pytestmark = pytest.mark.django_db
GOES_ON = ("active", "")
REPLIED = ("stopped", "replied")


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def test_a_colleague_is_suggested_and_stops_nobody(scene: Scene) -> None:
    row = come_in(scene, mail(sender="Bob <bob@x.example>", subject="Your mail"))
    assert (row.kind, row.answers, row.contact, row.suggested) == (Kind.HUMAN_REPLY, None, None, scene.message)
    assert row.suggested_words == "Somebody at x.example, where this mailbox wrote to a colleague."
    assert (scene.stands, scene.counted()) == (GOES_ON, {})


def test_the_colleague_with_our_subject_comes_first(scene: Scene) -> None:
    second_campaign(scene, make_contact(scene.workspace, "eve@x.example"), scene.mailbox)  # newer, about "News"
    row = come_in(scene, mail(sender="bob@x.example", subject="AW: Re: Hello"))
    assert row.suggested == scene.message
    assert row.suggested_words == "Somebody at x.example, where we wrote under this subject."


def test_the_same_name_and_subject_from_a_free_provider_is_suggested(scene: Scene) -> None:
    Contact.objects.update(first_name="Ada", last_name="Lovelace")
    row = come_in(scene, mail(sender='"Lovelace, Ada" <ada1815@gmail.com>', subject="Re: Hello"))
    assert row.suggested == scene.message


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("Ada <ada1815@gmail.com>", "Re: Hello"),  # a first name is anybody's
        ("Ada Lovelace <ada1815@gmail.com>", "Re: Something else"),
        ("Ada Lovelace <ada1815@gmail.com>", ""),
        ("Bob <bob@elsewhere.example>", "Re: Hello"),
    ],
)
def test_a_stranger_of_whom_little_speaks_is_nobody(scene: Scene, sender: str, subject: str) -> None:
    Contact.objects.update(first_name="Ada", last_name="Lovelace")
    assert come_in(scene, mail(sender=sender, subject=subject)).suggested is None


def test_free_providers_are_nobodys_company() -> None:
    scene = make_scene(email="ada@gmail.com")
    assert come_in(scene, mail(sender="bob@gmail.com", subject="Hi")).suggested is None


def test_nothing_is_suggested_of_what_is_long_ago_or_of_another_workspace(scene: Scene) -> None:
    make_scene("theirs", "eve@y.example")
    assert come_in(scene, mail(sender="bob@y.example")).suggested is None
    assert come_in(scene, mail("Later", sender="bob@x.example"), at=SENT_AT + days(61)).suggested is None


def test_a_report_without_an_id_of_ours_is_suggested_by_its_recipient_and_changes_nothing(scene: Scene) -> None:
    row = come_in(scene, dsn(""))
    assert (row.kind, row.answers, row.suggested) == (Kind.BOUNCE, None, scene.message)
    assert row.followed.startswith("It carries no Message-ID or token of a message that we sent.")
    assert accept(scene.member, row)
    assert (scene.suppressed(), scene.stands, scene.counted()) == ({}, GOES_ON, {})


def test_an_accepted_suggestion_is_an_answer_like_any_other(scene: Scene) -> None:
    row = come_in(scene, mail(sender="bob@x.example"))
    assert accept(scene.member, row)
    row.refresh_from_db()
    assert (row.answers, row.contact, row.enrollment, row.suggested) == (
        scene.message, scene.contact, scene.person, None,
    )  # fmt: skip
    assert (row.matched_by, row.followed) == ("person", "The sequence was stopped.")
    assert row.suggested_words.startswith(scene.member.user.email)
    assert scene.stands == REPLIED
    assert scene.counted() == {EventKind.REPLIED: 1, EventKind.STOPPED: 1}
    assert not accept(scene.member, row), "once"


def test_a_declined_suggestion_is_gone(scene: Scene) -> None:
    row = come_in(scene, mail(sender="bob@x.example"))
    assert decline(scene.member, row)
    assert not accept(scene.member, row)
    assert scene.stands == GOES_ON


def test_strangers_and_viewers_decide_nothing(scene: Scene) -> None:
    row = come_in(scene, mail(sender="bob@x.example"))
    assert not accept(make_scene("theirs").member, row)
    viewer = make_member(scene.workspace, email="viewer@acme.example", role=Role.VIEWER)
    for decide in (accept, decline):
        with pytest.raises(PermissionDenied):
            decide(viewer, row)
    assert InboundMessage.objects.get(pk=row.pk).suggested == scene.message


def test_an_erased_person_is_suggested_to_nobody(scene: Scene) -> None:
    row = come_in(scene, mail(sender="bob@x.example"))
    Contact.objects.update(erased_at=datetime(2026, 1, 6, tzinfo=UTC))
    assert not accept(scene.member, row)
    assert come_in(scene, mail("Again", sender="bob@x.example")).suggested is None


def token(scene: Scene) -> str:
    """Give the message an id as ours are, and return its token."""
    OutboundMessage.objects.update(message_id="<Zo-9_aBcDeFgHiJkLmNoPqRs@acme.example>")
    return "Zo-9_aBcDeFgHiJkLmNoPqRs"


def test_an_opt_out_by_our_link_counts_for_whom_we_wrote_to_whoever_sends_it(scene: Scene) -> None:
    row = come_in(scene, mail("", sender="ada@home.example", subject=f"unsubscribe {token(scene)}"))
    assert (row.kind, row.matched_by, row.answers) == (Kind.OPT_OUT, "token", scene.message)
    assert set(scene.suppressed()) == {"ada@x.example", "ada@home.example"}
    assert scene.stands == ("stopped", "opted_out")


def test_a_token_of_nobody_opts_out_only_who_writes(scene: Scene) -> None:
    come_in(scene, mail("", sender="eve@y.example", subject="unsubscribe Zo-9_aBcDeFgHiJkLmNoPqRs"))
    assert set(scene.suppressed()) == {"eve@y.example"}
    assert scene.stands == GOES_ON


@pytest.mark.parametrize("where", ["header", "envelope"])
def test_a_report_is_known_by_our_token_where_the_provider_changed_the_id(scene: Scene, where: str) -> None:
    raw = dsn("<0100018f-changed@eu-west-1.amazonses.example>")
    if where == "header":
        link = f"List-Unsubscribe: <mailto:me@acme.example?subject=unsubscribe%20{token(scene)}>\r\nSubject: Hello"
        raw = raw.replace(b"Subject: Hello", link.encode())
    else:
        raw = raw.replace(b"Reporting-MTA", f"Original-Envelope-Id: {token(scene)}\r\nReporting-MTA".encode())
    row = come_in(scene, raw)
    assert (row.matched_by, row.answers) == ("token", scene.message)
    assert scene.suppressed() == {"ada@x.example": "no_such_address"}


def test_another_mailbox_may_read_the_colleague_who_has_our_subject(scene: Scene) -> None:
    other = make_mailbox(scene.workspace, "boss@acme.example")
    assert come_in(scene, mail(sender="bob@x.example"), mailbox=other).suggested == scene.message
    assert come_in(scene, mail(sender="bob@x.example", subject="Hm"), mailbox=other).suggested is None
