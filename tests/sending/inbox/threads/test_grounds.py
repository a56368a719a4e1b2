"""Whom an answer goes to, and what forbids it: neither a Reply-To nor somebody else's mail leads round a rule."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from campaigns.contacts.models import Contact, Suppression
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.models import AudienceSegment, Campaign
from campaigns.sequences.services import let_grow
from campaigns.sequences.states import ReplyClass
from outreach.kit import clock
from sending.chaos.faultsmtpd import FaultServer, serving_in_thread
from sending.guard.models import Stranger
from sending.guard.prints import person_print
from sending.inbox.labelling import label
from sending.inbox.models import Answer, InboundMessage, Thread
from sending.inbox.services import take_in
from sending.inbox.threads.answers import answer
from sending.inbox.threads.ground import ground_of
from sending.inbox.threads.services import NotPossible
from sending.outbox.marks import mark, why_called_back
from sending.outbox.states import MessageState
from sending.planner.services.growing import grow_audiences
from tests.builders import make_contact, make_list, make_segment
from tests.sending.inbox.scene import mail, raw_mail
from tests.sending.inbox.threads.test_answers import HER_MAIL, answered, parsed, talk, wish
from tests.sending.inbox.threads.test_page import signed_in
from tests.sending.outbox.plain import Post, claim_all
from tests.sending.outbox.stage import deliver, make_due

pytestmark = pytest.mark.django_db(transaction=True)
PRIVATE = "ada.private@y.test"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with serving_in_thread(FaultServer()) as running:
        yield running


def comes(post: Post, text: str, sender: str = "Ada <ada@x.test>", **headers: str) -> InboundMessage:
    """Let another mail of the conversation come in."""
    fields = {"message_id": f"<{uuid4()}@x.test>", "references": HER_MAIL, **headers}
    row = take_in(post.mailbox, raw_mail(mail(text, sender=sender, **fields), at=clock.now()))
    assert row is not None
    assert row.thread is not None
    return row


def forbidden(post: Post) -> set[str]:
    return set(Suppression.objects.filter(workspace=post.member.workspace).values_list("value", flat=True))


@pytest.mark.parametrize("who_says_so", ["she", "a member"])
def test_an_opt_out_holds_for_her_reply_to_as_well(server: FaultServer, who_says_so: str) -> None:
    post, thread = talk(server)
    if who_says_so == "she":
        row = comes(post, "Please unsubscribe me", reply_to=PRIVATE, in_reply_to=post.messages[0].message_id)
    else:
        row = comes(post, "Let it be", reply_to=PRIVATE, in_reply_to=post.messages[0].message_id)
        label(post.member, row, ReplyClass.OPT_OUT)
    assert forbidden(post) == {"ada@x.test", PRIVATE}
    Suppression.objects.all().delete()
    with pytest.raises(NotPossible, match="asked not to be written to"):
        answer(post.member, thread, wish(confirmed=True))


def test_a_reply_to_is_no_way_round_what_holds_for_the_writer(server: FaultServer) -> None:
    post, thread = talk(server)
    suppress(post.member.workspace, "ada@x.test", SuppressionReason.MANUAL)
    comes(post, "Write me there", reply_to=PRIVATE)
    with pytest.raises(NotPossible, match=r"ada@x\.test is suppressed"):
        answer(post.member, thread, wish())


@pytest.mark.parametrize("when", ["before the claim", "between claim and mark"])
def test_an_opt_out_from_her_own_address_holds_the_answer_to_her_reply_to(server: FaultServer, when: str) -> None:
    post, thread = talk(server)
    comes(post, "Write me there", reply_to=PRIVATE)
    answer(post.member, thread, wish())
    assert (answered(thread).recipient, answered(thread).contact) == (PRIVATE, post.people[0])
    make_due()
    jobs = claim_all() if when == "between claim and mark" else []
    comes(post, "Please unsubscribe me", in_reply_to=post.messages[0].message_id)
    assert forbidden(post) == {"ada@x.test"}
    if jobs:
        assert mark(jobs) == [False]
        assert why_called_back(jobs[0]) == "the address is suppressed"
    else:
        assert deliver() == 0
        assert answered(thread).state == MessageState.CANCELLED


@pytest.mark.parametrize("who_says_so", ["a member, of her mail", "a member, by hand"])
def test_what_is_suppressed_once_more_takes_back_the_word_that_overruled_it(
    server: FaultServer, who_says_so: str
) -> None:
    post, thread = talk(server)
    suppress(post.member.workspace, "ada@x.test", SuppressionReason.OPTED_OUT)
    row = comes(post, "Are you there?")
    answer(post.member, thread, wish(confirmed=True))
    if who_says_so == "a member, of her mail":
        label(post.member, row, ReplyClass.OPT_OUT)
    else:
        suppress(post.member.workspace, "ada@x.test", SuppressionReason.MANUAL)
    make_due()
    assert deliver() == 0
    assert answered(thread).state == MessageState.CANCELLED


def test_an_answer_goes_to_nobody_but_whom_its_author_saw(server: FaultServer) -> None:
    post, thread = talk(server)
    seen = wish("Dear Ada, the price for you is ten.")
    theirs = comes(post, "I am in copy: look at my offer", sender="Mallory <mallory@evil.test>")
    assert theirs.thread == thread
    with pytest.raises(NotPossible, match=r"mallory@evil\.test has written since"):
        answer(post.member, thread, seen)
    assert not Answer.objects.exists()
    page = signed_in(post.member).get(post.member.url("inbox:thread", thread.pk)).text
    assert f'name="mail" value="{theirs.pk}"' in page
    answer(post.member, thread, wish("Dear Mallory"))
    make_due()
    assert deliver() == 1
    assert parsed(server.accepted[-1])["To"] == "mallory@evil.test"
    assert answered(thread).contact.email == "mallory@evil.test", "it is no message to Ada"
    assert Thread.objects.get().contact == post.people[0]


def test_a_mail_of_a_colleague_that_names_our_message_is_answered_as_theirs(server: FaultServer) -> None:
    post, thread = talk(server)
    bob = make_contact(post.member.workspace, "bob@x.test")
    comes(post, "I decide that", sender="Bob <bob@x.test>", in_reply_to=post.messages[0].message_id)
    answer(post.member, thread, wish())
    assert answered(thread).contact == bob


def test_who_was_lost_is_answered_on_somebodys_word_and_never_held_for_ever(server: FaultServer) -> None:
    post, thread = talk(server)
    lost = Stranger(message_id="<lost@x>", person=person_print("ada@x.test"), written_at=clock.now())
    answer(post.member, thread, wish())
    lost.save()
    make_due()
    assert deliver() == 0, "she was met at the claim"
    assert "put back from a backup" in answered(thread).reason
    assert forbidden(post) == {"ada@x.test"}, "a person can lift it"
    Suppression.objects.all().delete()
    Answer.objects.all().delete()
    lost.pk = None
    lost.save()
    assert "put back from a backup" in ground_of(thread).overruled
    with pytest.raises(NotPossible, match="confirm"):
        answer(post.member, thread, wish())
    answer(post.member, thread, wish(confirmed=True))
    make_due()
    assert deliver() == 1


def test_a_stranger_who_is_answered_comes_into_no_campaign_until_a_person_puts_them_on_a_list(
    server: FaultServer,
) -> None:
    post, _ = talk(server)
    workspace, campaign = post.member.workspace, post.campaign
    AudienceSegment.objects.create(campaign=campaign, segment=make_segment(workspace, "Cold", "not tag is warm"))
    let_grow(Campaign.objects.get(pk=campaign.pk), grows=True)
    raw = mail("My invoice is wrong", sender="Zoe <zoe@y.test>", message_id="<z@y.test>", subject="Invoice")
    row = take_in(post.mailbox, raw_mail(raw, at=clock.now()))
    assert row is not None
    assert row.thread is not None
    answer(post.member, row.thread, wish("We look at it.", mail_id=row.pk))
    zoe = Contact.objects.get(email="zoe@y.test")
    assert grow_audiences() == 0
    page = signed_in(post.member).get(post.member.url("contacts:detail", zoe.pk)).text
    assert "became a contact by being answered" in page
    make_list(workspace, contacts=(zoe,))
    assert grow_audiences() == 1, "a person has put her there"
