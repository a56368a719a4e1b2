"""What bounces, complaints and opt-outs do: exactly the right address, in every campaign, and only when proved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from campaigns.contacts.models import Contact
from campaigns.contacts.services import edit_contact, suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.kit import clock
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind, How
from sending.ledger.services import Entry, record
from sending.mailboxes.models import HealthChange
from sending.outbox.events import entry_about
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from sending.reports.feedback import of_campaign
from tests.builders import make_contact, make_mailbox, make_suppression
from tests.sending.inbox.scene import Scene, come_in, complaint, dsn, enroll, mail, make_scene, second_campaign

pytestmark = pytest.mark.django_db
ADA = "ada@x.example"
GOES_ON = (EnrollmentState.ACTIVE, "")


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def test_hard_bounce_suppresses_exactly_its_address_and_stops(scene: Scene) -> None:
    neighbour = enroll(scene.campaign, make_contact(scene.workspace, "bob@x.example"), scene.mailbox)
    row = come_in(scene, dsn(scene.message.message_id))
    assert (row.kind, row.category, row.matched_by) == (Kind.BOUNCE, "bad_mailbox", "original_id")
    assert scene.suppressed() == {ADA: SuppressionReason.NO_SUCH_ADDRESS}
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.BOUNCED)
    assert Enrollment.objects.get(pk=neighbour.pk).state == EnrollmentState.ACTIVE
    assert scene.counted() == {EventKind.BOUNCED_HARD: 1, EventKind.SUPPRESSED: 1, EventKind.STOPPED: 1}


def test_hard_bounce_stops_the_person_in_every_campaign(scene: Scene) -> None:
    other = second_campaign(scene, scene.contact, make_mailbox(scene.workspace, "me2@acme.example"))
    come_in(scene, dsn(scene.message.message_id))
    assert Enrollment.objects.get(messages=other).stop_reason == StopReason.BOUNCED


def test_a_complaint_halves_the_budget_of_the_mailbox_that_sent(scene: Scene) -> None:
    come_in(scene, complaint(scene.message.message_id))
    (change,) = HealthChange.objects.all()
    assert (change.mailbox_id, change.cause, change.percent) == (scene.mailbox.pk, "complaint", 50)


def test_bounces_of_messages_that_were_taken_stop_the_campaign_at_the_line(scene: Scene) -> None:
    at = clock.now()
    about: dict[str, Any] = {"campaign_id": scene.campaign.pk, "mailbox_id": scene.mailbox.pk}
    with transaction.atomic():
        record([Entry(scene.workspace.pk, EventKind.ATTEMPTED, at, **about)] * 40)
        record([Entry(scene.workspace.pk, EventKind.BOUNCED_HARD, at, **about)] * 2)
    Campaign.objects.update(state=CampaignState.RUNNING, launched_at=at, state_changed_at=at - timedelta(days=9))
    come_in(scene, dsn(scene.message.message_id))
    scene.campaign.refresh_from_db()
    assert scene.campaign.state == CampaignState.PAUSED


def test_bounce_counts_against_the_mailbox_that_sent_whichever_reads_it(scene: Scene) -> None:
    come_in(scene, dsn(scene.message.message_id), mailbox=make_mailbox(scene.workspace, "all@acme.example"))
    assert {row.mailbox_id for row in scene.workspace.dailytally_set.filter(kind="bounced_hard")} == {scene.mailbox.pk}


def test_bounce_of_an_address_that_was_corrected_since_leaves_the_new_one_alone(scene: Scene) -> None:
    edit_contact(scene.contact, {"email": "ada@new.example"}, {})
    come_in(scene, dsn(scene.message.message_id))
    assert scene.suppressed() == {ADA: SuppressionReason.NO_SUCH_ADDRESS}
    assert scene.stands == GOES_ON


def test_bounce_of_an_address_that_ours_forwards_to_suppresses_nobody(scene: Scene) -> None:
    come_in(scene, dsn(scene.message.message_id, to="ada@old-company.example"))
    assert scene.suppressed() == {}
    assert scene.stands == GOES_ON
    assert scene.counted() == {EventKind.BOUNCED_SOFT: 1}


def test_bounce_names_its_recipient_in_any_case(scene: Scene) -> None:
    come_in(scene, dsn(scene.message.message_id, to="<Ada@X.EXAMPLE>"))
    assert scene.suppressed() == {ADA: SuppressionReason.NO_SUCH_ADDRESS}


def test_bounce_in_free_form_that_returns_our_message_suppresses(scene: Scene) -> None:
    text = (
        "Hi. This is the qmail-send program at mx.example.\n<ada@x.example>:\nSorry, no mailbox here by that name. "
        f"(#5.1.1)\n\n--- Below this line is a copy of the message.\n\nMessage-ID: {scene.message.message_id}\n"
    )
    row = come_in(scene, mail(text, sender="MAILER-DAEMON@mx.example", subject="failure notice"))
    assert (row.kind, row.answers) == (Kind.BOUNCE, scene.message)
    assert scene.suppressed() == {ADA: SuppressionReason.NO_SUCH_ADDRESS}


def test_report_on_the_second_message_of_a_thread_is_matched_to_it(scene: Scene) -> None:
    follow_up = second_campaign(scene, scene.contact, scene.mailbox)
    thread = f"References: {scene.message.message_id}\r\n".encode()
    assert come_in(scene, thread + dsn(follow_up.message_id)).answers == follow_up


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("5.2.2", "smtp; 552 5.2.2 Mailbox full"),
        ("4.4.1", "smtp; 451 4.4.1 Connection timed out"),
        ("5.7.1", "smtp; 550 5.7.1 Message refused by policy"),
        ("5.7.1", "smtp; 550 5.7.1 Service unavailable; client host blocked using a blocklist"),
        ("5.7.26", "smtp; 550 5.7.26 Unauthenticated email is not accepted due to DMARC policy"),
        ("5.4.5", "smtp; 550 5.4.5 Daily user sending quota exceeded"),
        ("5.0.0", "smtp; 554 something that nobody knows"),
        ("5.1.1", "smtp; 550 5.1.1 Your address has a poor reputation and is on our blocklist"),
        ("4.1.1", "smtp; 450 4.1.1 User unknown at the moment"),
    ],
)
def test_soft_bounce_quota_and_policy_never_suppress(scene: Scene, status: str, said: str) -> None:
    row = come_in(scene, dsn(scene.message.message_id, status=status, said=said))
    assert row.kind == Kind.BOUNCE
    assert scene.suppressed() == {}
    assert scene.stands == GOES_ON
    counted = scene.counted()
    counted.pop(EventKind.MAILBOX_COOLED, None)  # of the mailbox, see test_consequences
    assert counted == {EventKind.BOUNCED_SOFT: 1}


@pytest.mark.parametrize(("action", "kind"), [("delayed", Kind.DELAYED), ("delivered", Kind.DELIVERED)])
def test_notices_of_delay_and_success_change_nothing(scene: Scene, action: str, kind: Kind) -> None:
    status = {"delayed": "4.4.7", "delivered": "2.0.0"}[action]
    row = come_in(scene, dsn(scene.message.message_id, action=action, status=status, said="smtp; 250 OK"))
    assert (row.kind, row.answers) == (kind, scene.message)
    assert (scene.suppressed(), scene.stands, scene.counted()) == ({}, GOES_ON, {})


def test_second_report_on_a_message_is_kept_and_counted_once(scene: Scene) -> None:
    come_in(scene, dsn(scene.message.message_id))
    come_in(scene, dsn(scene.message.message_id, message_id="<dsn-2@mx.example>"))
    assert InboundMessage.objects.count() == 2
    assert scene.counted() == {EventKind.BOUNCED_HARD: 1, EventKind.SUPPRESSED: 1, EventKind.STOPPED: 1}


def test_hard_bounce_after_a_soft_one_is_counted_too(scene: Scene) -> None:
    full = {"status": "5.2.2", "said": "smtp; 552 5.2.2 Mailbox full"}
    come_in(scene, dsn(scene.message.message_id, **full))
    come_in(scene, dsn(scene.message.message_id, **full, message_id="<dsn-2@mx.example>"))
    come_in(scene, dsn(scene.message.message_id, message_id="<dsn-3@mx.example>"))
    counts = scene.counted()
    assert (counts[EventKind.BOUNCED_SOFT], counts[EventKind.BOUNCED_HARD]) == (1, 1)
    assert scene.suppressed() == {ADA: SuppressionReason.NO_SUCH_ADDRESS}


def test_report_proves_that_a_message_in_doubt_was_sent(scene: Scene) -> None:
    OutboundMessage.objects.update(state=MessageState.IN_DOUBT, sent_at=None)
    Enrollment.objects.update(state=EnrollmentState.SENDING, due_at=None, next_position=1)
    come_in(scene, dsn(scene.message.message_id))
    scene.message.refresh_from_db()
    assert scene.message.state == MessageState.SENT
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.BOUNCED)


def forged_bounce(original: str) -> bytes:
    return dsn(original, sender=f"Ada <{ADA}>")


def forged_complaint(original: str) -> bytes:
    return complaint(original).replace(b"staff@provider.example", ADA.encode())


@pytest.mark.parametrize("forge", [forged_bounce, forged_complaint])
@pytest.mark.parametrize("original", ["<never@sent.example>", "<>", ""])
def test_forged_report_that_names_no_message_of_ours_changes_nothing(
    scene: Scene, forge: Callable[[str], bytes], original: str
) -> None:
    row = come_in(scene, forge(original))
    assert row.kind in {Kind.BOUNCE, Kind.COMPLAINT}
    assert (scene.suppressed(), scene.stands, scene.counted()) == ({}, GOES_ON, {})


@pytest.mark.parametrize("forge", [forged_bounce, forged_complaint])
def test_report_on_a_message_that_never_left_changes_nothing(scene: Scene, forge: Callable[[str], bytes]) -> None:
    OutboundMessage.objects.update(state=MessageState.FAILED, sent_at=None, dot_at=None)
    come_in(scene, forge(scene.message.message_id))
    assert (scene.suppressed(), scene.stands, scene.counted()) == ({}, GOES_ON, {})


@pytest.mark.parametrize("forge", [forged_bounce, forged_complaint])
def test_report_on_a_message_of_another_workspace_changes_nothing_there_or_here(
    scene: Scene, forge: Callable[[str], bytes]
) -> None:
    theirs = make_scene("theirs", ADA)
    row = come_in(scene, forge(theirs.message.message_id))
    assert (row.answers, row.workspace) == (None, scene.workspace)
    for one in (scene, theirs):
        assert (one.suppressed(), one.stands, one.counted()) == ({}, GOES_ON, {})


def test_opt_out_and_reply_that_name_a_message_of_another_workspace_leave_it_alone(scene: Scene) -> None:
    theirs = make_scene("theirs", "eve@y.example")
    for text in ("Yes, tell me more.", "unsubscribe"):
        row = come_in(scene, mail(text, sender="eve@y.example", in_reply_to=theirs.message.message_id))
        assert (row.answers, row.contact) == (None, None)
    assert (theirs.suppressed(), theirs.stands, theirs.counted()) == ({}, GOES_ON, {})


def test_complaint_suppresses_in_the_whole_workspace(scene: Scene) -> None:
    other = second_campaign(scene, scene.contact, make_mailbox(scene.workspace, "me2@acme.example"))
    row = come_in(scene, complaint(scene.message.message_id))
    assert (row.kind, row.matched_by) == (Kind.COMPLAINT, "original_id")
    assert scene.suppressed() == {ADA: SuppressionReason.COMPLAINED}
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.COMPLAINED)
    assert Enrollment.objects.get(messages=other).stop_reason == StopReason.COMPLAINED
    assert scene.counted() == {EventKind.COMPLAINED: 1, EventKind.SUPPRESSED: 1, EventKind.STOPPED: 2}


@pytest.mark.parametrize("named", [True, False])
def test_opt_out_suppresses_in_the_whole_workspace(scene: Scene, *, named: bool) -> None:
    other = second_campaign(scene, scene.contact, make_mailbox(scene.workspace, "me2@acme.example"))
    come_in(scene, mail("Please remove me.", in_reply_to=scene.message.message_id if named else ""))
    assert scene.suppressed() == {ADA: SuppressionReason.OPTED_OUT}
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.OPTED_OUT)
    assert Enrollment.objects.get(messages=other).stop_reason == StopReason.OPTED_OUT
    assert scene.counted() == {EventKind.OPTED_OUT: 1, EventKind.SUPPRESSED: 1, EventKind.STOPPED: 2}


def test_opt_out_from_another_address_counts_for_both(scene: Scene) -> None:
    writer = make_contact(scene.workspace, "ada@home.example")
    also = second_campaign(scene, writer, scene.mailbox)
    come_in(scene, mail("unsubscribe", sender="ada@home.example", in_reply_to=scene.message.message_id))
    assert set(scene.suppressed()) == {ADA, "ada@home.example"}
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.OPTED_OUT)
    assert Enrollment.objects.get(messages=also).stop_reason == StopReason.OPTED_OUT


def test_opt_out_after_a_corrected_address_counts_for_both(scene: Scene) -> None:
    edit_contact(scene.contact, {"email": "ada@new.example"}, {})
    come_in(scene, mail("unsubscribe", sender="", in_reply_to=scene.message.message_id))
    assert set(scene.suppressed()) == {ADA, "ada@new.example"}


def test_opt_out_of_somebody_who_was_deleted_is_still_honoured(scene: Scene) -> None:
    Contact.objects.all().delete()
    row = come_in(scene, mail("unsubscribe"))
    assert row.contact is None
    assert scene.suppressed() == {ADA: SuppressionReason.OPTED_OUT}
    assert scene.counted() == {EventKind.SUPPRESSED: 1}


def test_opt_out_replaces_a_suppression_that_a_person_may_lift(scene: Scene) -> None:
    make_suppression(scene.workspace, ADA)
    come_in(scene, mail("unsubscribe"))
    assert scene.suppressed() == {ADA: SuppressionReason.OPTED_OUT}


@pytest.mark.parametrize(
    ("text", "subject", "how"),
    [("Please remove me.", "Re: Hello", How.ANSWER), ("", "unsubscribe abcdefghijklmnop", How.MAIL)],
)
def test_an_opt_out_tells_whether_it_came_to_the_address_for_it(
    scene: Scene, text: str, subject: str, how: How
) -> None:
    come_in(scene, mail(text, subject=subject, in_reply_to=scene.message.message_id))
    assert of_campaign(scene.campaign).ways == [(how, 1)]


def test_who_has_opted_out_on_the_page_is_not_counted_again_by_mail(scene: Scene) -> None:
    suppress(scene.workspace, ADA, SuppressionReason.OPTED_OUT)
    come_in(scene, mail("unsubscribe"))
    assert EventKind.OPTED_OUT not in scene.counted()


def test_a_message_that_came_back_is_not_among_the_delivered_however_often_that_is_said(scene: Scene) -> None:
    with transaction.atomic():
        record([entry_about(scene.message, EventKind.SENT, scene.message.created_at)])
    assert of_campaign(scene.campaign).delivered == 1
    for status in ("4.2.2", "5.1.1"):
        said = f"smtp; {status[0]}50 {status} No"
        come_in(scene, dsn(scene.message.message_id, status=status, said=said, message_id=f"<{status}@mx.example>"))
    assert of_campaign(scene.campaign).delivered == 0
    assert scene.counted()[EventKind.BOUNCED_HARD] == 1


def test_second_opt_out_is_kept_and_counted_once(scene: Scene) -> None:
    come_in(scene, mail("unsubscribe"))
    come_in(scene, mail("unsubscribe me now!"))
    assert InboundMessage.objects.filter(kind=Kind.OPT_OUT).count() == 2
    assert scene.counted() == {EventKind.OPTED_OUT: 1, EventKind.SUPPRESSED: 1, EventKind.STOPPED: 1}
