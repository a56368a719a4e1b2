"""What an answer in a conversation would go to: whom, from which mailbox, and what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from campaigns.contacts.models import Contact
from campaigns.contacts.queries import suppressing
from campaigns.sequences.states import ReplyClass
from outreach.kit.addresses import key_of
from sending.bounces import Kind
from sending.guard.queries import strangers_among
from sending.inbox.models import InboundMessage, first_bytes
from sending.inbox.threads.models import Thread
from sending.inbox.threads.placing import PERSONAL
from sending.inbox.understanding import HEAD_BYTES, address_in, head_of, reply_address, understand
from sending.mailboxes.models import Mailbox
from sending.planner.claim.refusals import Refusals
from sending.planner.claim.strangers import words_about

LONGEST_ID = 255  # of what is put into In-Reply-To


@dataclass(frozen=True, slots=True)
class Ground:
    """What an answer would go to and from. fault: why none may leave; overruled: the suppression to be confirmed."""

    mail: InboundMessage | None = None
    mailbox: Mailbox | None = None
    recipient: str = ""
    fault: str = ""
    overruled: str = ""
    references: tuple[str, ...] = ()


def ground_of(thread: Thread) -> Ground:
    """Return what an answer in a conversation would go to, from which mailbox, and what stands in its way."""
    rows = InboundMessage.objects.filter(thread=thread, kind__in=PERSONAL)
    rows = rows.select_related("mailbox", "answers", "contact")
    rows = rows.defer("raw").annotate(head=first_bytes(HEAD_BYTES))  # pages ask often
    mail = rows.order_by("-received_at", "-pk").first()
    if mail is None:
        return Ground(fault="No person has written here: there is nobody to answer.")
    if any(one is not None and one.erased_at is not None for one in (thread.contact, mail.contact)):
        return Ground(fault="They were erased: nothing is written to them any more.")
    parsed = understand(head_of(bytes(mail.head))).mail if mail.head else None
    recipient = (reply_address(parsed) if parsed else "") or address_in(mail.from_address)
    if not recipient:
        return Ground(mail=mail, fault="Their mail has no address that can be answered.")
    references = tuple(one for one in (parsed.references if parsed else ()) if len(one) <= LONGEST_ID)
    if mail.answers is not None and mail.answers.message_id not in references:
        references = (*references, mail.answers.message_id)
    ground = Ground(mail=mail, mailbox=mail.mailbox, recipient=recipient, references=references)
    return _judged(ground, mail)


def writer_of(ground: Ground) -> Contact | None:
    """Return the contact who wrote the mail: by its address, else whom it was matched to."""
    mail = ground.mail
    assert mail is not None
    key = key_of(mail.from_address) or key_of(ground.recipient)
    return Contact.objects.filter(workspace=mail.workspace_id, email_key=key).first() or mail.contact


def _judged(ground: Ground, mail: InboundMessage) -> Ground:
    """Say what forbids the answer, and whether their own later mail lets a person overrule it.

    A Reply-To is no way round what holds for whoever wrote.
    """
    if mail.kind == Kind.OPT_OUT or mail.label == ReplyClass.OPT_OUT:
        return replace(ground, fault="They have asked not to be written to, and have not written since then.")
    keys = _keys(ground, mail)
    rows = [row for found in suppressing(mail.workspace_id, keys).values() for row in found]
    refusals = Refusals({(mail.workspace_id, key) for key in keys})
    rows += [row for key in keys for row in refusals.rows(mail.mailbox_id, (mail.workspace_id, key))]
    if rows:
        newest = max(rows, key=lambda row: row.confirmed_at)
        words = newest.told
        if mail.received_at <= newest.confirmed_at:
            return replace(ground, fault=f"{words} They have not written since then, so nothing is written to them.")
        return replace(ground, overruled=f"{words} They have written to you since.")
    # As at the claim: who was written to by what this database has lost.
    lost = strangers_among({(mail.workspace_id, key) for key in keys})
    return replace(ground, overruled=next((words_about(one[1], row) for one, row in lost.items()), ""))


def _keys(ground: Ground, mail: InboundMessage) -> Sequence[str]:
    contact = mail.contact.email_key if mail.contact is not None else ""
    keys = (key_of(ground.recipient), key_of(mail.from_address), contact)
    return [one for one in dict.fromkeys(keys) if one]
