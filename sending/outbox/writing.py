"""A letter becomes the bytes that go over the wire."""

from __future__ import annotations

from sending.links.addresses import OfMessage
from sending.links.core import Trace
from sending.outbox.jobs import Letter
from sending.outbox.tracing import Addressing
from sending.planner.claim.facts import Sender
from sending.smtp import Message, build, opt_out_by_mail
from sending.smtp.dkim import SigningKey, sign


def content_of(letter: Letter, sender: Sender, key: SigningKey | None, addressing: Addressing) -> bytes:
    """Build the mail, signed where there is a key. addressing: what its addresses that lead back to us are made of.

    The same letter gives the same bytes at each try, so that a retry is the same message; but where its workspace's
    tracking domain broke meanwhile, its addresses lead over the host that works. Those of a letter that is not stored
    (its number is 0) have the shape of real ones, and lead nowhere.

    List-Unsubscribe offers the mailto form (RFC 2369): the mail comes back to the mailbox, where it is read as an
    opt-out that counts at once, of the person whom the token in it names; and a page, or one POST (RFC 8058), where
    this instance has a host for it. An answer of one person to another has none.
    """
    addresses = OfMessage(letter.pk, letter.contact_id, addressing.base)
    text, html = addresses.put_into(letter.text, letter.html, Trace(letter.traces), addressing.destinations)
    content = build(
        Message(
            from_name=sender.display_name,
            from_address=sender.address,
            to_name=letter.recipient_name,
            to_address=letter.recipient,
            reply_to=sender.reply_to,
            subject=letter.subject,
            text=text,
            html=html or None,
            message_id=letter.message_id,
            date=letter.created_at,
            in_reply_to=letter.in_reply_to,
            references=tuple(letter.references.split()),
            list_unsubscribe="" if is_answer(letter) else opt_out_by_mail(sender.address, message_id=letter.message_id),
            unsubscribe_url="" if is_answer(letter) else addresses.opt_out(),
        )
    )
    return sign(content, key, at=letter.created_at) if key else content


def is_answer(letter: Letter) -> bool:
    """Say whether one person wrote it to another: it belongs to no campaign."""
    return letter.enrollment_id is None
