"""Put answers back into their conversations that a database has lost which was put back from a backup.

The couriers' journals know that they left, and the guard keeps what they tell (Stranger); no address and no words stand
in it. A copy in the Sent folder has the words and names the mail that was answered. Without one the conversation is
found by whoever had written: whose address has the recipient's print. Nothing is sent for any of it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Contact
from campaigns.contacts.services import create_contact
from outreach.kit import gate
from outreach.kit.addresses import key_of
from sending.bounces import Mail
from sending.guard.models import Stranger
from sending.guard.prints import person_print
from sending.imap import ImapError, Reader
from sending.inbox.models import InboundMessage
from sending.inbox.threads.ground import LONGEST_ID
from sending.inbox.threads.joining import answered_so_far
from sending.inbox.threads.models import Answer, Thread
from sending.inbox.threads.placing import PERSONAL, add_words
from sending.inbox.understanding import understand
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.settling import make_answer
from sending.smtp import reply_subject

log = logging.getLogger(__name__)

MOST = 12  # of one reading
_AGAIN = timedelta(hours=1)
_KEPT = timedelta(days=30)  # as long as journals are
_MOST_FOLDERS = 3
_MAX_BYTES = 1024 * 1024
_MOST_MAILS = 2_000  # among which the one is looked for that was answered
_LATER = timedelta(minutes=5)  # a server's clock may be behind ours
_NO_WORDS = "(Its words were lost with the database: a courier's journal alone knows that it left.)"


@dataclass(frozen=True, slots=True)
class _Found:
    """The mail that was answered, whom the answer went to, and its copy, where there is one."""

    mail: InboundMessage
    recipient: str
    copy: Mail | None


def put_back_answers(mailbox: Mailbox, reader: Reader | None) -> int:
    """Put back what was answered from a mailbox and is lost; returns how many. reader: None where there are no folders.

    What cannot be placed yet (the mail that it answers was not read again so far) is tried again an hour later. Never
    raises an ImapError.
    """
    lost = Stranger.objects.filter(mailbox_id=mailbox.pk, written_at__gt=Now() - _KEPT)
    due = lost.filter(Q(looked_at=None) | Q(looked_at__lt=Now() - _AGAIN))
    due = due.order_by(F("looked_at").asc(nulls_first=True), "written_at")
    count = 0
    for one in due[:MOST]:
        try:
            copy = _copy_of(one, reader)
        except ImapError as error:
            log.warning("inbox.lost_answers_unread mailbox=%s problem=%s", mailbox.pk, error)
            return count
        found = _by_copy(mailbox, one, copy) if copy is not None else None
        found = found or _by_writer(mailbox, one, copy)
        if found is not None and _put_back(mailbox, one, found):
            count += 1
        else:
            Stranger.objects.filter(pk=one.pk).update(looked_at=Now())
    return count


def _copy_of(one: Stranger, reader: Reader | None) -> Mail | None:
    """Return what a Sent folder has of it: with its Message-ID, and to whom the journal's print belongs."""
    if reader is None:
        return None
    for folder in [folder for folder in reader.folders() if folder.role == "sent"][:_MOST_FOLDERS]:
        raw = reader.copy_of(folder, one.message_id, max_bytes=_MAX_BYTES)
        copy = understand(raw.raw).mail if raw is not None else None
        if copy is not None and copy.message_id == one.message_id and _named(copy, one):
            return copy
    return None


def _named(copy: Mail, one: Stranger) -> str:
    """Return the address of a copy that has the print of whoever was written to, "" for none."""
    return next((address for address in copy.to if _is_theirs(key_of(address), one)), "")


def _is_theirs(key: str, one: Stranger) -> bool:
    return bool(key) and person_print(key) == one.person


def _by_copy(mailbox: Mailbox, one: Stranger, copy: Mail) -> _Found | None:
    rows = _mails(mailbox).filter(message_id=copy.in_reply_to) if copy.in_reply_to else _mails(mailbox).none()
    mail = rows.order_by("-received_at", "-pk").first()
    return _Found(mail, _named(copy, one), copy) if mail is not None else None


def _by_writer(mailbox: Mailbox, one: Stranger, copy: Mail | None) -> _Found | None:
    """Return the newest mail before it of whoever has the print, by their address or by that of their contact."""
    before = _mails(mailbox).filter(received_at__lte=one.written_at + _LATER, kind__in=PERSONAL)
    told = before.order_by("-received_at", "-pk").values_list("pk", "from_address", "contact__email")
    for pk, *addresses in told[:_MOST_MAILS]:
        address = next((named for named in addresses if named and _is_theirs(key_of(named), one)), "")
        if address:
            return _Found(_mails(mailbox).get(pk=pk), address, copy)
    return None


def _mails(mailbox: Mailbox) -> QuerySet[InboundMessage]:
    rows = InboundMessage.objects.filter(mailbox=mailbox, thread__isnull=False)
    return rows.defer("raw").select_related("contact")


def _put_back(mailbox: Mailbox, one: Stranger, found: _Found) -> bool:
    """Make the answer anew, once; False where its person must not be known any more."""
    mail, copy = found.mail, found.copy
    assert mail.thread_id is not None
    with transaction.atomic():
        gate.hold_open([mailbox.workspace_id])
        thread = Thread.objects.select_for_update(no_key=True).get(pk=mail.thread_id)
        if not OutboundMessage.objects.filter(message_id=one.message_id).exists():
            contact = _contact(mailbox, found)
            if contact is None:
                return False
            row = _answer(mailbox, one, found, contact)
            evidence = "a copy in the Sent folder" if copy is not None else "a courier's journal"
            make_answer(row, one.written_at, was_taken=one.was_taken or copy is not None, evidence=evidence)
            token = uuid5(NAMESPACE_URL, f"lost answer:{one.message_id}")
            Answer.objects.create(message=row, thread=thread, token=token, written_at=one.written_at)
            if copy is not None:
                add_words(thread.pk, row.body_text[:20_000])
            told = answered_so_far(thread.pk)
            whose = thread.contact_id or contact.pk
            Thread.objects.filter(pk=thread.pk).update(**told, contact=whose, version=F("version") + 1)
        Stranger.objects.filter(pk=one.pk).delete()
    log.info("inbox.answer_put_back message=%s thread=%s has_words=%s", one.message_id, thread.pk, copy is not None)
    return True


def _answer(mailbox: Mailbox, one: Stranger, found: _Found, contact: Contact) -> OutboundMessage:
    """Return the message as far as it is known, not stored yet."""
    mail, copy = found.mail, found.copy
    return OutboundMessage(
        workspace_id=mailbox.workspace_id,
        contact=contact,
        mailbox=mailbox,
        message_id=one.message_id,
        in_reply_to=mail.message_id if len(mail.message_id) <= LONGEST_ID else "",
        references=" ".join(copy.references) if copy is not None else "",
        recipient=found.recipient,
        subject=(copy.subject if copy is not None else reply_subject(mail.subject))[:998],
        body_text=copy.text if copy is not None and copy.text.strip() else _NO_WORDS,
        attempt_number=1,
    )


def _contact(mailbox: Mailbox, found: _Found) -> Contact | None:
    """Return who wrote what was answered, made anew where nobody knows them any more; None where they were erased."""
    if found.mail.contact is not None:
        return found.mail.contact if found.mail.contact.erased_at is None else None
    key = key_of(found.recipient)
    known = Contact.objects.filter(workspace=mailbox.workspace_id, email_key=key).first()
    if known is not None:
        return known
    try:
        return create_contact(mailbox.workspace, {"email": found.recipient}, {}, is_correspondent=True)
    except BadContact:
        return None
