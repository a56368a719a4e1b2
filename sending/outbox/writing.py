"""A letter becomes the bytes that go over the wire."""

from __future__ import annotations

from sending.outbox.jobs import Letter
from sending.planner.claim.facts import Sender
from sending.smtp import Message, build, opt_out_by_mail
from sending.smtp.dkim import SigningKey, sign


def content_of(letter: Letter, sender: Sender, key: SigningKey | None) -> bytes:
    """Build the mail, signed where there is a key.

    The same letter gives the same bytes at each try, so that a retry is the same message.

    List-Unsubscribe (RFC 2369) offers the mailto form: the mail comes back to the mailbox, where it is read as an
    opt-out that counts at once, of the person whom the token in it names. An answer of
    one person to another has none.
    """
    content = build(
        Message(
            from_name=sender.display_name,
            from_address=sender.address,
            to_name=letter.recipient_name,
            to_address=letter.recipient,
            reply_to=sender.reply_to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html or None,
            message_id=letter.message_id,
            date=letter.created_at,
            in_reply_to=letter.in_reply_to,
            references=tuple(letter.references.split()),
            list_unsubscribe=_opt_out(letter, sender),
        )
    )
    return sign(content, key, at=letter.created_at) if key else content


def _opt_out(letter: Letter, sender: Sender) -> str:
    is_answer = letter.enrollment_id is None
    return "" if is_answer else opt_out_by_mail(sender.address, message_id=letter.message_id)
