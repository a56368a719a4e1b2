"""Answers of people: through the outbox, from the right mailbox, once, and never past a suppression by themselves."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from campaigns.contacts.models import Contact, Suppression
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from outreach.kit import clock
from sending.chaos.faultsmtpd import FaultServer, close, say, serving_in_thread
from sending.inbox.models import Answer, Draft, InboundMessage, Thread
from sending.inbox.services import take_in
from sending.inbox.threads.answers import Wish, answer, call_back, settle_answers
from sending.inbox.threads.ground import ground_of
from sending.inbox.threads.placing import PERSONAL
from sending.inbox.threads.queries import thread_for, version_of
from sending.inbox.threads.services import NotPossible
from sending.mailboxes.services import pause
from sending.outbox import courier
from sending.outbox.doubts import settle_as_sent
from sending.outbox.marks import mark
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.recovery import recover
from sending.outbox.scribe import Journal
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from tests.builders import make_suppression
from tests.sending.inbox.scene import dsn, mail, raw_mail
from tests.sending.inbox.threads.test_page import signed_in
from tests.sending.outbox.plain import Post, claim_all, make_post
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.outbox.test_races import lapse
from tests.sending.outbox.test_recovery import send

pytestmark = pytest.mark.django_db(transaction=True)
HER_MAIL = "<hers@x.test>"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with serving_in_thread(FaultServer()) as running:
        yield running


def talk(server: FaultServer, *names: str) -> tuple[Post, Thread]:
    """Let ada get step 1 and write back; whoever else is named waits for theirs."""
    post = make_post(server, "ada", *names)
    make_due()
    if not names:
        assert deliver() == 1
    return post, her_mail(post, "What does it cost?")


def her_mail(post: Post, text: str, *, sender: str = "Ada <ada@x.test>", message_id: str = HER_MAIL) -> Thread:
    sent = post.messages[0].message_id if post.messages else ""
    raw = mail(text, sender=sender, in_reply_to=sent, references=sent, message_id=message_id)
    row = take_in(post.mailbox, raw_mail(raw, at=clock.now()))
    assert row is not None
    assert row.thread is not None
    return Thread.objects.get(pk=row.thread.pk)


def wish(text: str = "Ten a month.", **values: object) -> Wish:
    """Wish to answer the newest mail, where the values name no other."""
    newest = (
        InboundMessage.objects.filter(kind__in=PERSONAL).order_by("-received_at", "-pk").values_list("pk", flat=True)
    )
    given = {"text": text, "token": uuid4(), "mail_id": newest.first() or 0, **values}
    return Wish(**given)  # type: ignore[arg-type]


def parsed(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def answered(thread: Thread) -> OutboundMessage:
    return OutboundMessage.objects.get(answer__thread=thread)


def test_an_answer_goes_out_in_the_thread_from_the_mailbox_that_was_written_to(server: FaultServer) -> None:
    post, thread = talk(server)
    answer(post.member, thread, wish())
    assert not Thread.objects.get().is_awaiting
    make_due()
    assert deliver() == 1
    sent = parsed(server.accepted[-1])
    first = post.messages[0].message_id
    assert (sent["From"], sent["To"], sent["Subject"]) == ("me@acme.example", "ada@x.test", "Re: Hello")
    assert (sent["In-Reply-To"], sent["References"]) == (HER_MAIL, f"{first} {HER_MAIL}")
    assert sent["List-Unsubscribe"] is None
    body = sent.get_content().replace("\r\n", "\n")
    assert body.startswith("Ten a month.\n\nOn ")
    assert "> What does it cost?" in body
    row = answered(thread)
    assert (row.state, row.campaign, row.attempt_number) == (MessageState.SENT, None, 1)
    assert Attempt.objects.filter(message=row).count() == 1
    assert settle_answers() == 1
    assert settle_answers() == 0


def test_the_stop_that_her_mail_brought_does_not_hold_the_answer_nor_does_the_answer_wake_the_sequence(
    server: FaultServer,
) -> None:
    post, thread = talk(server)
    before = post.enrollment_of("ada").state
    answer(post.member, thread, wish())
    make_due()
    deliver()
    assert (before, post.enrollment_of("ada").state) == ("stopped", "stopped")


def test_answers_go_before_what_campaigns_send_and_count_in_the_limit(server: FaultServer) -> None:
    post = make_post(server, "bob", "eve", mailbox={"daily_limit": 2, "hourly_limit": 2})
    thread = her_mail(post, "Hello there")
    answer(post.member, thread, wish())
    make_due()
    assert deliver() == 2
    assert parsed(server.accepted[0])["To"] == "ada@x.test"
    make_due()
    assert deliver() == 0, "the place of the day is spent"


def test_a_form_that_is_sent_twice_answers_once(server: FaultServer) -> None:
    post, thread = talk(server)
    same = wish()
    assert answer(post.member, thread, same) == answer(post.member, thread, same)
    assert Answer.objects.count() == 1


def test_an_answer_waits_for_its_time_and_can_be_called_back_until_it_is_claimed(server: FaultServer) -> None:
    post, thread = talk(server)
    row = answer(post.member, thread, wish(send_at=clock.now() + timedelta(hours=3)))
    assert claim_all() == []
    call_back(post.member, thread, row.message_id)
    assert answered(thread).state == MessageState.CANCELLED
    assert Draft.objects.get().text.startswith("Ten a month.")
    assert Thread.objects.get().is_awaiting
    make_due()
    assert deliver() == 0
    late = answer(post.member, thread, wish())
    OutboundMessage.objects.filter(pk=late.message_id).update(retry_at=Now())
    (job,) = claim_all()
    assert job.letter.pk == late.message_id
    with pytest.raises(NotPossible, match="on its way"):
        call_back(post.member, thread, late.message_id)


def test_a_suppressed_address_is_not_answered_unless_she_wrote_after_it_and_a_person_confirms(
    server: FaultServer,
) -> None:
    post, thread = talk(server)
    suppress(post.member.workspace, "ada@x.test", SuppressionReason.MANUAL)
    with pytest.raises(NotPossible, match="have not written since"):
        answer(post.member, thread, wish(confirmed=True))
    her_mail(post, "Are you there?", message_id="<second@x.test>")
    with pytest.raises(NotPossible, match="confirm"):
        answer(post.member, thread, wish())
    row = answer(post.member, thread, wish(confirmed=True))
    assert "ada@x.test is suppressed" in row.overruled
    make_due()
    assert deliver() == 1
    assert answered(thread).state == MessageState.SENT


@pytest.mark.parametrize("when", ["before the claim", "between claim and mark"])
def test_a_suppression_behind_the_answer_holds_it(server: FaultServer, when: str) -> None:
    post, thread = talk(server)
    answer(post.member, thread, wish())
    make_due()
    if when == "before the claim":
        suppress(post.member.workspace, "ada@x.test", SuppressionReason.MANUAL)
        assert deliver() == 0
    else:
        (job,) = claim_all()
        suppress(post.member.workspace, "ada@x.test", SuppressionReason.MANUAL)
        assert mark([job]) == [False]
        lapse()
        sweep()
        make_due()
        assert deliver() == 0
    assert (answered(thread).state, len(server.accepted)) == (MessageState.CANCELLED, 1)
    assert "suppressed" in answered(thread).reason


def test_an_opt_out_takes_the_word_back_that_overruled_an_earlier_one(server: FaultServer) -> None:
    post, thread = talk(server)
    make_suppression(post.member.workspace, "ada@x.test")
    her_mail(post, "Are you there?", message_id="<second@x.test>")
    answer(post.member, thread, wish(confirmed=True))
    her_mail(post, "Please unsubscribe me", message_id="<third@x.test>")
    make_due()
    assert deliver() == 0
    assert answered(thread).state == MessageState.CANCELLED
    assert "not written since" in ground_of(Thread.objects.get()).fault


def test_a_lost_reply_leaves_an_answer_in_doubt_and_never_sends_it_again() -> None:
    with serving_in_thread(FaultServer()) as server:
        post, thread = talk(server)
        server.script = {"dot": close()}
        answer(post.member, thread, wish())
        make_due()
        deliver()
        assert answered(thread).state == MessageState.IN_DOUBT
        make_due()
        assert deliver() == 0
        OutboundMessage.objects.filter(answer__thread=thread).update(dot_at=Now() - timedelta(hours=25))
        assert sweep()["assumed_sent"] == 1
        assert answered(thread).state == MessageState.ASSUMED_SENT


def test_a_page_that_is_open_hears_of_an_answer_in_doubt_and_of_its_settling_before_any_tick() -> None:
    with serving_in_thread(FaultServer()) as server:
        post, thread = talk(server)
        client, url = signed_in(post.member, hx_request="true"), post.member.url("inbox:thread", thread.pk)
        seen = [version_of(thread_for(post.member, thread.pk))]

        def has_changed() -> bool:
            """Say whether the page is answered anew, with what a program compares, and then no more."""
            page = client.get(f"{url}?version={seen[-1]}")
            seen.append(version_of(thread_for(post.member, thread.pk)))
            assert (f"?version={seen[-1]}&amp;" in page.text) is (page.status_code == 200)
            assert client.get(f"{url}?version={seen[-1]}").status_code == 204
            return page.status_code == 200

        assert not has_changed()
        message = answer(post.member, thread, wish()).message
        assert has_changed()
        server.script = {"dot": close()}
        make_due()
        deliver()
        assert answered(thread).state == MessageState.IN_DOUBT
        assert has_changed(), "it is in doubt"
        sweep()
        settle_answers()
        assert not has_changed()
        assert settle_as_sent(post.member, [message.pk]) == 1
        assert has_changed(), "it counts as sent"
        assert len(set(seen)) == 4


def test_a_worker_that_dies_behind_the_dot_has_sent_it_as_its_journal_knows(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, thread = talk(server)
    answer(post.member, thread, wish())
    make_due()

    def die(_results: object) -> list[bool]:
        raise ValueError("the worker is gone")

    journal = Journal(tmp_path, "")
    with monkeypatch.context() as patch:
        patch.setattr(courier, "record_results", die)
        patch.setattr(courier, "_RECORD_RETRY_S", ())
        send(journal)
    journal.close()
    assert (answered(thread).state, len(server.accepted)) == (MessageState.DOT_PENDING, 2)
    assert recover(tmp_path) == {"record": 1}
    assert answered(thread).state == MessageState.SENT


def test_a_worker_that_dies_before_the_mark_leaves_it_to_the_next(server: FaultServer) -> None:
    post, thread = talk(server)
    answer(post.member, thread, wish())
    make_due()
    assert len(claim_all()) == 1
    lapse()
    sweep()
    make_due()
    assert deliver() == 1
    assert (answered(thread).state, len(server.accepted)) == (MessageState.SENT, 2)


def test_an_answer_that_could_not_leave_for_a_day_is_asked_about_and_its_words_are_a_draft_again(
    server: FaultServer,
) -> None:
    post, thread = talk(server)
    row = answer(post.member, thread, wish("See you tomorrow.", quotes=False))
    make_due()
    OutboundMessage.objects.filter(pk=row.message_id).update(retry_at=Now() - timedelta(hours=25))
    assert deliver() == 0
    assert answered(thread).state == MessageState.CANCELLED
    assert "more than a day ago" in answered(thread).reason
    settle_answers()
    after = Thread.objects.get()
    assert (after.is_awaiting, after.is_unread) == (True, True)
    assert Draft.objects.get().text.strip() == "See you tomorrow."


def test_an_answer_whose_author_has_gone_is_still_shown(server: FaultServer) -> None:
    post, thread = talk(server)
    answer(post.member, thread, wish())
    Answer.objects.update(author=None)
    page = signed_in(post.member).get(post.member.url("inbox:thread", thread.pk))
    assert (page.status_code, "Somebody of the team" in page.text) == (200, True)


def test_an_answer_called_back_behind_one_that_left_makes_nobody_wait(server: FaultServer) -> None:
    post, thread = talk(server)
    answer(post.member, thread, wish())
    make_due()
    deliver()
    left_at = Answer.objects.get().written_at
    second = answer(post.member, thread, wish("One more thing", send_at=clock.now() + timedelta(hours=3)))
    call_back(post.member, thread, second.message_id)
    after = Thread.objects.get()
    assert (after.is_awaiting, after.written_at) == (False, left_at)


def test_a_refusal_for_good_suppresses_the_address_and_shows_in_the_conversation(server: FaultServer) -> None:
    post, thread = talk(server)
    server.script = {"rcpt": say(b"550 5.1.1 no such user\r\n")}
    answer(post.member, thread, wish())
    make_due()
    deliver()
    assert answered(thread).state == MessageState.FAILED
    assert Suppression.objects.get().value == "ada@x.test"
    settle_answers()
    assert Thread.objects.get().is_awaiting, "nobody has answered her"


def test_her_reply_to_the_answer_stays_in_the_conversation_and_a_bounce_of_it_is_matched(server: FaultServer) -> None:
    post, thread = talk(server)
    answer(post.member, thread, wish())
    make_due()
    deliver()
    ours = answered(thread)
    raw = mail("Too much", sender="Ada <ada@x.test>", in_reply_to=ours.message_id, message_id="<2@x.test>")
    again = take_in(post.mailbox, raw_mail(raw, at=clock.now()))
    report = take_in(post.mailbox, raw_mail(dsn(ours.message_id, to="ada@x.test"), at=clock.now()))
    assert again is not None
    assert report is not None
    assert {row.thread_id for row in InboundMessage.objects.all()} == {thread.pk}
    assert report.answers == ours
    assert Suppression.objects.get().value == "ada@x.test"


def test_who_was_nobody_of_ours_becomes_a_contact_by_being_answered(server: FaultServer) -> None:
    post = make_post(server, "bob")
    thread = her_mail(post, "A question", sender="Eve <eve@y.test>")
    assert thread.contact is None
    answer(post.member, thread, wish(quotes=False))
    make_due()
    deliver()
    assert Contact.objects.get(email="eve@y.test") == Thread.objects.get(pk=thread.pk).contact
    sent = {parsed(raw)["To"]: parsed(raw) for raw in server.accepted}
    assert sent["eve@y.test"].get_content().strip() == "Ten a month."


def test_the_page_answers_keeps_a_draft_and_refuses_in_words(server: FaultServer) -> None:
    post, thread = talk(server)
    client = signed_in(post.member)

    def post_to(name: str, **data: str) -> None:
        assert client.post(post.member.url(f"inbox:{name}", thread.pk), data).status_code == 302

    post_to("thread_draft", text="Half of")
    page = client.get(post.member.url("inbox:thread", thread.pk)).text
    assert "Half of</textarea>" in page
    assert "Answer ada@x.test from me@acme.example" in page
    hers = str(InboundMessage.objects.get().pk)
    post_to("thread_answer", text="", token=str(uuid4()), mail=hers)
    post_to("thread_answer", text="Words", token="nonsense", mail=hers)
    post_to("thread_answer", text="Words", token=str(uuid4()), mail=hers, at="2020-01-01T09:00")
    post_to("thread_answer", text="Words", token=str(uuid4()))
    assert not Answer.objects.exists()
    assert Draft.objects.get().text == "Words", "what could not be sent is not lost"
    post_to("thread_answer", text="Ten", token=str(uuid4()), mail=hers)
    page = client.get(post.member.url("inbox:thread", thread.pk)).text
    assert "Waits for its turn" in page
    post_to("thread_call_back", message=str(answered(thread).pk))
    assert client.get(post.member.url("reports:message", answered(thread).pk)).status_code == 200
    assert client.get(post.member.url("reports:messages")).status_code == 200
    assert client.get(post.member.url("contacts:detail", post.people[0].pk)).status_code == 200


def test_an_answer_whose_mailbox_does_not_send_says_so(server: FaultServer) -> None:
    post, thread = talk(server)
    pause(post.mailbox.pk, "On holiday")
    client, url = signed_in(post.member), post.member.url("inbox:thread_answer", thread.pk)
    sent = {"text": "Ten", "token": str(uuid4()), "mail": str(InboundMessage.objects.get().pk)}
    page = client.post(url, sent, follow=True).text
    assert "does not send now (On holiday)" in page
    assert "Its mailbox does not send: On holiday" in page
