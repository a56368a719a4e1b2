"""Answer a person in their conversation: through the outbox, as every message of ours, and once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F

from campaigns.contacts.models import Contact
from campaigns.contacts.services import create_contact
from campaigns.templating import left_open
from outreach.accounts.access import Member
from outreach.accounts.models import User
from outreach.accounts.roles import Role
from outreach.kit import clock, gate, statements
from outreach.kit.commits import after_commit
from sending.inbox.models import InboundMessage
from sending.inbox.threads.ground import LONGEST_ID, Ground, ground_of, writer_of
from sending.inbox.threads.joining import answered_so_far, hold_threads
from sending.inbox.threads.models import Answer, Draft, Thread
from sending.inbox.threads.placing import add_words
from sending.inbox.threads.services import NotPossible
from sending.inbox.understanding import address_in
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.services import look_by
from sending.outbox.cancels import cancel_answer
from sending.outbox.events import entry_about
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.smtp import make_message_id, reply_subject, trim_references

LONGEST = 50_000  # characters
LATEST = timedelta(days=90)
_MOST_QUOTED = 200  # lines
_ENDED = [MessageState.SENT, MessageState.ASSUMED_SENT, MessageState.FAILED, MessageState.CANCELLED]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to answer.

    mail_id: of the mail that is answered, as its author has read it; send_at: None for at once; confirmed: in spite of
    a suppression; as_it_stands: with the places that are open.
    """

    text: str
    token: UUID
    mail_id: int
    quotes: bool = True
    send_at: datetime | None = None
    confirmed: bool = False
    as_it_stands: bool = False


def answer(member: Member, thread: Thread, wish: Wish) -> Answer:
    """Put an answer up to be sent, once for each token. Raises NotPossible.

    What may leave, and when, is decided by the outbox: at the claim and at the mark.
    """
    member.require(Role.MEMBER)
    text = wish.text.replace("\x00", "").strip()
    if not text or len(text) > LONGEST:
        raise NotPossible(f"An answer has between one and {LONGEST:,} characters.")
    if not wish.as_it_stands and (still := left_open(text)):
        raise NotPossible(f"It still holds {', '.join(still[:5])}: write what belongs there, or say that it stays.")
    now = clock.now()
    if wish.send_at is not None and wish.send_at > now + LATEST:
        raise NotPossible(f"An answer waits for {LATEST.days} days at most.")
    with transaction.atomic():
        gate.hold_open([thread.workspace_id])  # who is suppressed from here on is met at the mark
        held = Thread.objects.select_for_update(no_key=True).get(pk=thread.pk)
        given = Answer.objects.filter(token=wish.token, thread=held).first()
        if given is not None:
            return given  # the form was sent twice
        ground = ground_of(held)
        if ground.fault or ground.mail is None or ground.mailbox is None:
            raise NotPossible(ground.fault)
        if ground.mail.pk != wish.mail_id:  # what is written may be meant for somebody else
            who = ground.mail.from_address or "Somebody"
            raise NotPossible(f"{who} has written since: read that first, then say again what is to be answered.")
        if ground.overruled and not wish.confirmed:
            raise NotPossible(f"{ground.overruled} Please confirm that you answer all the same.")
        message = _message(held, ground, replace(wish, text=text))
        row = Answer.objects.create(
            message=message, thread=held, author=member.user, token=wish.token, overruled=ground.overruled
        )
        Draft.objects.filter(thread=held, author=member.user).delete()
        Thread.objects.filter(pk=held.pk).update(
            is_awaiting=False, is_unread=False, written_at=now, version=F("version") + 1
        )
        add_words(held.pk, text[:20_000])
        after_commit(look_by, ground.mailbox.pk, message.retry_at or now)
    return row


def call_back(member: Member, thread: Thread, message_id: int) -> None:
    """Take an answer back that nobody has claimed yet; its words become the draft. Raises NotPossible."""
    member.require(Role.MEMBER)
    with transaction.atomic():
        hold_threads([thread.pk])
        row = Answer.objects.select_related("message").filter(thread=thread, message=message_id).first()
        if row is None or not cancel_answer(row.message_id, words=f"Called back by {member.user.email}."):
            raise NotPossible("It is on its way already, or was called back before.")
        record([entry_about(row.message, EventKind.CANCELLED, database_now(), words="Called back.")])
        if not Draft.objects.filter(thread=thread, author=member.user).exists():
            keep_draft(member, thread, row.message.body_text)
        settle_answers([row.message_id])


def draft_of(member: Member, thread: Thread) -> str:
    """Return what somebody has written so far, "" for nothing."""
    return Draft.objects.filter(thread=thread, author=member.user).values_list("text", flat=True).first() or ""


def keep_draft(member: Member, thread: Thread, text: str) -> None:
    """Keep what somebody has written so far; nothing is no draft."""
    member.require(Role.MEMBER)
    plain = text.replace("\x00", "")[:LONGEST]
    if not plain.strip():
        Draft.objects.filter(thread=thread, author=member.user).delete()
        return
    Draft.objects.update_or_create(thread=thread, author=member.user, defaults={"text": plain, "kept_at": clock.now()})


def settle_answers(ids: list[int] | None = None) -> int:
    """Let conversations tell of answers that have ended; one that did not leave makes them await again.

    What was called off by itself becomes its author's draft again. Safe to run anywhere. Returns how many.
    """
    with transaction.atomic():
        rows = Answer.objects.filter(is_settled=False, message__state__in=_ENDED)
        rows = (rows.filter(message__in=ids) if ids is not None else rows).order_by("pk")
        places = sorted(set(rows.values_list("thread", flat=True)[:1000]))
        hold_threads(places)  # before their answers, as whoever takes mail in
        rows = rows.filter(thread__in=places).select_related("message", "author", "thread")
        ended = list(rows.select_for_update(of=("self",), skip_locked=True))
        Answer.objects.filter(pk__in=[one.pk for one in ended]).update(is_settled=True)
        failed = {one.thread_id for one in ended if one.message.state in {MessageState.FAILED, MessageState.CANCELLED}}
        gone = {one.thread_id for one in ended} - failed
        for one in ended:
            if ids is None and one.message.state == MessageState.CANCELLED and one.author is not None:
                _begin_again(one, one.author)
        Thread.objects.filter(pk__in=gone).update(version=F("version") + 1)
        for pk in sorted(failed):
            Thread.objects.filter(pk=pk).update(**answered_so_far(pk), is_unread=True, version=F("version") + 1)
    return len(ended)


def _begin_again(row: Answer, author: User) -> None:
    """Make the words of an answer that did not leave its author's draft, where they have begun no other."""
    kept = {"text": row.message.body_text[:LONGEST], "kept_at": clock.now()}
    if row.message.body_text.strip():  # nothing is left of it where its person was erased
        Draft.objects.get_or_create(thread=row.thread, author=author, defaults=kept)


def quoted(mail: InboundMessage) -> str:
    """Return a mail as an answer quotes it, below what somebody writes."""
    lines = mail.text.splitlines()[:_MOST_QUOTED]
    who = mail.from_name or mail.from_address
    return "\n".join([f"On {mail.received_at:%d %B %Y}, {who} wrote:", *(f"> {line}".rstrip() for line in lines)])


def _message(thread: Thread, ground: Ground, wish: Wish) -> OutboundMessage:
    mail, mailbox = ground.mail, ground.mailbox
    assert mail is not None
    assert mailbox is not None
    now = database_now()
    text = f"{wish.text}\n\n{quoted(mail)}\n" if wish.quotes and mail.text.strip() else f"{wish.text}\n"
    named = mail.message_id if len(mail.message_id) <= LONGEST_ID else ""
    return OutboundMessage.objects.create(
        workspace_id=thread.workspace_id,
        contact=_contact(thread, ground),
        mailbox=mailbox,
        message_id=make_message_id(mailbox.address.rpartition("@")[2], secrets.token_urlsafe(18)),
        in_reply_to=named,
        references=" ".join(trim_references([*ground.references, *([named] if named else [])])),
        recipient=ground.recipient,
        subject=reply_subject(mail.subject)[:998],
        body_text=text,
        state=MessageState.DEFERRED,
        attempt=uuid4(),
        attempt_number=0,  # nobody has tried it
        retry_at=max(wish.send_at or now, now),
        not_after=now + LATEST,  # its claim sets a nearer one
        reason="Waits for its turn.",
        # Behind the gate: what was suppressed before it was seen, and what is from here on comes later.
        despite_until=_database_clock() if ground.overruled else None,
    )


def _database_clock() -> datetime:
    return statements.run("SELECT clock_timestamp()")[0][0]  # type: ignore[no-any-return]


def _contact(thread: Thread, ground: Ground) -> Contact:
    """Return who wrote what is answered; who was nobody of ours becomes a contact by being answered."""
    assert ground.mail is not None
    address = address_in(ground.mail.from_address) or ground.recipient
    found = writer_of(ground) or create_contact(thread.workspace, {"email": address}, {}, is_correspondent=True)
    if thread.contact_id is None:
        Thread.objects.filter(pk=thread.pk).update(contact=found)
    return found
