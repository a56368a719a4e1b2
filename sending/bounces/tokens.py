"""Our own tokens in what came back: the local part of our Message-ID, which only whoever got the message knows.

It stands in the List-Unsubscribe header and in the envelope (RFC 3461), too, so that a message is known again where a
provider has given it another Message-ID (Amazon SES does), and an opt-out where it comes from another address than the
message went to. Pure.
"""

from __future__ import annotations

import re

from sending.bounces.mail import Mail
from sending.bounces.returned import told_by

MOST = 10
_IN_LINK = re.compile(
    r"mailto:[^\s<>?@]{1,64}@([^\s<>?@]{1,253})\?subject=unsubscribe(?:%20|\+)([A-Za-z0-9_-]{16,64})\b", re.IGNORECASE
)
_ENVELOPE = re.compile(r"^original-envelope-id:[ \t]*([A-Za-z0-9_-]{16,64})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_IN_SUBJECT = re.compile(r"^\s*(?:re:\s*)?unsubscribe[ +]([A-Za-z0-9_-]{16,64})\s*$", re.IGNORECASE)


def ids_by_token(mail: Mail, *, domain: str) -> tuple[str, ...]:
    """Return the Message-IDs that tokens in the mail stand for: of a report, a returned message, an opt-out.

    domain: of the mailbox that the mail came to, which is that of the message unless the mailbox was renamed since.
    """
    if found := _IN_SUBJECT.match(mail.subject):
        return (f"<{found[1]}@{domain}>",)
    envelopes = [
        f"<{found[1]}@{domain}>"
        for part in mail.parts
        if part.content_type.endswith("delivery-status") and (found := _ENVELOPE.search(part.text[:5_000]))
    ]
    if envelopes:
        return tuple(envelopes[:MOST])
    if "unsubscribe" not in (returned := told_by(mail).returned[:50_000]):
        return ()
    links = (f"<{token}@{at.lower()}>" for at, token in _IN_LINK.findall(returned))
    return tuple(dict.fromkeys(links))[:MOST]
