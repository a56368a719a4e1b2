"""A stored message becomes the bytes that go over the wire."""

from __future__ import annotations

from sending.outbox.models import OutboundMessage
from sending.planner.facts import Sender
from sending.smtp import Message, build


def content_of(message: OutboundMessage, sender: Sender) -> bytes:
    """Build the mail. The same row gives the same bytes at each try, so that a retry is the same message.

    List-Unsubscribe (RFC 2369) offers the mailto form: the mail comes back to the mailbox, where it is read as an
    opt-out that counts at once.
    """
    contact = message.contact
    return build(
        Message(
            from_name=sender.display_name,
            from_address=sender.address,
            to_name=f"{contact.first_name} {contact.last_name}".strip(),
            to_address=message.recipient,
            reply_to=sender.reply_to,
            subject=message.subject,
            text=message.body_text,
            html=message.body_html or None,
            message_id=message.message_id,
            date=message.created_at,
            in_reply_to=message.in_reply_to,
            references=tuple(message.references.split()),
            list_unsubscribe=f"mailto:{sender.address}?subject=unsubscribe",
        )
    )
