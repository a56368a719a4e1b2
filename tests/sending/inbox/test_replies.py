"""What a person's answer, a machine's answer and our own mail do to a sequence."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from outreach.accounts.models import Workspace
from outreach.kit import clock
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import make_contact, make_mailbox
from tests.sending.inbox.scene import (
    CAME_AT,
    NEXT_AT,
    SENT_AT,
    Scene,
    come_in,
    days,
    mail,
    make_scene,
    second_campaign,
)

pytestmark = pytest.mark.django_db
REPLIED = (EnrollmentState.STOPPED, StopReason.REPLIED)
GOES_ON = (EnrollmentState.ACTIVE, "")


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def test_a_reply_stops_the_sequence_and_is_counted(scene: Scene) -> None:
    row = come_in(scene, mail(in_reply_to=scene.message.message_id, subject="Re: Hello"))
    assert (row.kind, row.matched_by, row.contact, row.answers) == (
        Kind.HUMAN_REPLY, "references", scene.contact, scene.message,
    )  # fmt: skip
    assert scene.stands == REPLIED
    assert scene.person.stop_detail == "Re: Hello"
    assert scene.counted() == {EventKind.REPLIED: 1, EventKind.STOPPED: 1}
    told = Event.objects.get(kind=EventKind.REPLIED)
    assert (told.message_id, told.contact_id, told.at) == (scene.message.pk, scene.contact.pk, CAME_AT)
    assert told.data["inbound"] == row.pk


def test_reply_from_other_address_in_the_thread_still_stops_the_sequence(scene: Scene) -> None:
    row = come_in(scene, mail(sender="assistant@elsewhere.example", references=f"<x@y> {scene.message.message_id}"))
    assert (row.contact, row.from_address) == (scene.contact, "assistant@elsewhere.example")
    assert scene.stands == REPLIED


def test_reply_without_references_is_known_by_its_address(scene: Scene) -> None:
    row = come_in(scene, mail(sender="ADA@X.example"))
    assert (row.matched_by, row.answers) == ("address", scene.message)
    assert scene.stands == REPLIED


def test_reply_to_another_mailbox_of_the_workspace_stops_the_sequence(scene: Scene) -> None:
    other = make_mailbox(scene.workspace, "boss@acme.example")
    come_in(scene, mail(), mailbox=other)
    assert scene.stands == REPLIED
    assert Event.objects.get(kind=EventKind.REPLIED).mailbox_id == scene.mailbox.pk, "it is the sender's reply"


def test_reply_by_address_goes_to_the_mailbox_that_reads_it(scene: Scene) -> None:
    other = make_mailbox(scene.workspace, "boss@acme.example")
    newer = second_campaign(scene, scene.contact, other)
    come_in(scene, mail(), mailbox=scene.mailbox)
    assert scene.stands == REPLIED
    assert Enrollment.objects.get(messages=newer).state == EnrollmentState.ACTIVE


def test_mail_that_is_older_than_our_message_is_no_answer_by_its_address(scene: Scene) -> None:
    row = come_in(scene, mail(), at=SENT_AT - days(30))
    assert (row.contact, row.answers, row.enrollment) == (scene.contact, None, None)
    assert scene.stands == GOES_ON
    assert scene.counted() == {}
    come_in(scene, mail("A clock that is slow by an hour"), at=SENT_AT - days(1 / 24))
    assert scene.stands == REPLIED


def test_second_reply_of_a_person_is_kept_and_counted_once(scene: Scene) -> None:
    come_in(scene, mail("One", in_reply_to=scene.message.message_id))
    come_in(scene, mail("Two", in_reply_to=scene.message.message_id))
    assert InboundMessage.objects.filter(answers=scene.message).count() == 2
    assert scene.counted() == {EventKind.REPLIED: 1, EventKind.STOPPED: 1}


def test_reply_that_names_a_message_in_doubt_proves_that_it_was_sent(scene: Scene) -> None:
    OutboundMessage.objects.update(state=MessageState.IN_DOUBT, sent_at=None)
    Enrollment.objects.update(state=EnrollmentState.SENDING, due_at=None, next_position=1)
    come_in(scene, mail(in_reply_to=scene.message.message_id))
    scene.message.refresh_from_db()
    assert scene.message.state == MessageState.SENT
    assert scene.message.reason == "Proved by: human reply received"
    assert scene.stands == REPLIED


def test_mail_by_address_alone_proves_nothing_of_a_message_in_doubt(scene: Scene) -> None:
    OutboundMessage.objects.update(state=MessageState.IN_DOUBT, sent_at=None)
    come_in(scene, mail())
    scene.message.refresh_from_db()
    assert scene.message.state == MessageState.IN_DOUBT


def test_stranger_is_kept_and_shown_and_changes_nothing(scene: Scene) -> None:
    row = come_in(scene, mail(sender="Nobody <nobody@elsewhere.example>", in_reply_to="<never@sent.example>"))
    assert (row.kind, row.matched_by, row.contact) == (Kind.HUMAN_REPLY, "", None)
    assert row.text == "Yes, tell me more.\n"
    assert scene.stands == GOES_ON
    assert scene.counted() == {}


def test_contact_who_was_never_written_to_and_writes_is_no_reply(scene: Scene) -> None:
    somebody = make_contact(scene.workspace, "bob@x.example")
    row = come_in(scene, mail(sender="bob@x.example"))
    assert (row.contact, row.matched_by) == (somebody, "address")
    assert scene.counted() == {}


@pytest.mark.parametrize(
    "sender", ["me@acme.example", "Me <ME@acme.example>", "boss@acme.example", "desk@acme.example"]
)
def test_our_own_mail_is_never_a_reply(scene: Scene, sender: str) -> None:
    make_mailbox(scene.workspace, "boss@acme.example", reply_to="desk@acme.example")
    row = come_in(scene, mail(sender=sender, in_reply_to=scene.message.message_id))
    assert (row.kind, row.answers, row.contact) == (Kind.OTHER, None, None)
    assert row.evidence[0]["rule"] == "written-by-us"
    assert scene.stands == GOES_ON
    assert scene.counted() == {}


def test_our_own_message_that_comes_back_to_us_is_no_reply(scene: Scene) -> None:
    """A follow-up names the message before it, and a list or an alias may show it to us under another sender."""
    follow_up = second_campaign(scene, scene.contact, scene.mailbox)
    raw = mail(sender="list@elsewhere.example", in_reply_to=scene.message.message_id, message_id=follow_up.message_id)
    assert come_in(scene, raw).kind == Kind.OTHER
    assert scene.stands == GOES_ON


def test_our_own_mail_that_reads_like_an_opt_out_suppresses_nobody(scene: Scene) -> None:
    come_in(scene, mail("unsubscribe", sender="me@acme.example", in_reply_to=scene.message.message_id))
    assert scene.suppressed() == {}


def test_contact_who_is_also_a_mailbox_of_ours_can_answer() -> None:
    scene = make_scene(email="me2@acme.example")
    make_mailbox(scene.workspace, "me2@acme.example")
    come_in(scene, mail(sender="me2@acme.example", in_reply_to=scene.message.message_id))
    assert scene.stands == REPLIED


def test_mailbox_of_another_workspace_is_a_person_like_any_other(scene: Scene) -> None:
    make_scene("other", "eve@x.example")
    come_in(scene, mail(sender="me@other.example", in_reply_to=scene.message.message_id))
    assert scene.stands == REPLIED


def absence(scene: Scene, text: str = "I am away.", **headers: str) -> bytes:
    headers = {"subject": "Out of office", "auto_submitted": "auto-replied", **headers}
    return mail(text, in_reply_to=scene.message.message_id, date="Mon, 05 Jan 2026 12:00:00 +0000", **headers)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("I will be back on 2026-01-19.", datetime(2026, 1, 20, tzinfo=UTC)),
        ("I am out of the office.", CAME_AT + days(7)),
        ("I am back on 2026-01-01.", NEXT_AT),  # a forgotten note: the follow-up waits its own time
        ("I am back on 2099-01-01.", CAME_AT + days(7)),  # nobody is forgotten for 73 years
    ],
)
def test_absence_postpones_to_the_day_after_the_return_else_a_week(scene: Scene, text: str, until: datetime) -> None:
    row = come_in(scene, absence(scene, text))
    assert row.kind == Kind.AUTO_REPLY
    assert scene.person.due_at == until
    assert scene.stands == GOES_ON
    assert scene.suppressed() == {}
    assert scene.counted()[EventKind.AUTO_REPLIED] == 1
    assert not {EventKind.REPLIED, EventKind.BOUNCED_SOFT, EventKind.BOUNCED_HARD} & set(scene.counted())


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("We are closed until 5 January.", datetime(2026, 1, 6, tzinfo=UTC)),
        ("We are closed until 2 December.", datetime(2025, 12, 21, 12, tzinfo=UTC)),  # a note that was forgotten
        ("We are closed until 1 May.", datetime(2025, 12, 21, 12, tzinfo=UTC)),
    ],
)
def test_absence_over_the_turn_of_the_year_ends_in_the_new_one(scene: Scene, text: str, until: datetime) -> None:
    Enrollment.objects.update(due_at=datetime(2025, 12, 20, 13, tzinfo=UTC))
    OutboundMessage.objects.update(dot_at=datetime(2025, 12, 20, 11, tzinfo=UTC))
    note = absence(scene, text).replace(b"Mon, 05 Jan 2026", b"Sat, 20 Dec 2025")
    come_in(scene, note, at=datetime(2025, 12, 20, 12, tzinfo=UTC))
    assert scene.person.due_at == until


def test_absence_says_why_the_follow_up_waits(scene: Scene) -> None:
    come_in(scene, absence(scene, subject="Away from my desk"))
    assert (scene.person.hold_code, scene.person.hold_detail) == ("absent", "Out of office: Away from my desk")


def test_absence_never_brings_a_follow_up_forward(scene: Scene) -> None:
    Enrollment.objects.update(due_at=CAME_AT + days(20))
    come_in(scene, absence(scene, "I will be back on 2026-01-07."))
    assert scene.person.due_at == CAME_AT + days(20)


def test_absence_lasts_as_long_as_time_passes_in_the_workspace(scene: Scene) -> None:
    Workspace.objects.update(time_scale=1000)
    Enrollment.objects.update(due_at=CAME_AT)
    mailbox = Mailbox.objects.select_related("workspace").get(pk=scene.mailbox.pk)
    come_in(scene, absence(scene), mailbox=mailbox)
    assert scene.person.due_at == CAME_AT + days(7) / 1000


def test_second_absence_postpones_again_and_is_counted_once(scene: Scene) -> None:
    come_in(scene, absence(scene))
    come_in(scene, absence(scene, "Still away."), at=CAME_AT + days(6))
    assert scene.person.due_at == CAME_AT + days(13)
    assert scene.counted()[EventKind.AUTO_REPLIED] == 1


def test_absence_after_the_last_step_changes_nothing(scene: Scene) -> None:
    Enrollment.objects.update(state=EnrollmentState.FINISHED, due_at=None)
    come_in(scene, absence(scene))
    assert scene.stands == (EnrollmentState.FINISHED, "")


def test_mail_that_claims_to_come_from_the_future_came_now(scene: Scene) -> None:
    row = come_in(scene, mail(in_reply_to=scene.message.message_id), at=datetime(9999, 12, 31, 23, tzinfo=UTC))
    assert row.received_at <= clock.now()


def test_mail_without_a_time_of_the_server_came_now(scene: Scene) -> None:
    row = come_in(scene, mail(in_reply_to=scene.message.message_id), at=None)
    assert abs((clock.now() - row.received_at).total_seconds()) < 60


# -- an answer to what somebody of the team wrote, and no campaign --
def our_answer(scene: Scene) -> OutboundMessage:
    """Write to the person from the inbox."""
    return OutboundMessage.objects.create(
        workspace=scene.workspace,
        contact=scene.contact,
        mailbox=scene.mailbox,
        message_id="<ours@acme.example>",
        recipient=scene.contact.email,
        subject="Re: Hello",
        state=MessageState.SENT,
        attempt=uuid4(),
        not_after=CAME_AT,
        dot_at=SENT_AT,
        sent_at=SENT_AT,
    )


def test_a_reply_that_names_only_our_answer_stops_what_runs_for_the_person(scene: Scene) -> None:
    stands_by = second_campaign(scene, scene.contact, scene.mailbox)
    row = come_in(scene, mail(in_reply_to=our_answer(scene).message_id, message_id="<hers@x.example>"))
    assert row.enrollment is None
    assert row.followed.startswith("It goes on with a conversation. Stopped: ")
    assert scene.stands == REPLIED
    other = Enrollment.objects.get(messages=stands_by)
    assert (other.state, other.stop_reason) == REPLIED
    again = come_in(scene, mail("And?", in_reply_to="<ours@acme.example>", message_id="<hers-2@x.example>"))
    assert again.followed == "It goes on with a conversation: no campaign waits for it."


def test_an_absence_that_answers_only_our_answer_lets_what_runs_for_the_person_wait(scene: Scene) -> None:
    named = our_answer(scene).message_id
    row = come_in(scene, mail("I am away until 12 January 2026.", in_reply_to=named, auto_submitted="auto-replied"))
    assert row.followed == "The next message waits until 13 January 2026."
    assert scene.stands == GOES_ON
    assert scene.person.due_at == datetime(2026, 1, 13, tzinfo=UTC)
    got = come_in(scene, mail("We have got it.", in_reply_to=named, auto_submitted="auto-replied"))
    assert got.followed == "It goes on with a conversation: no campaign waits for it."
