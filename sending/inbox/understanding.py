"""Read any bytes as a mail, and tell what makes it the same mail when it is met again. Never raises."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, astuple, dataclass, replace

from outreach.kit.addresses import BadAddress, parse_address
from sending.bounces import Category, Evidence, Kind, Mail, Verdict, classify_mail, parse_mail
from sending.bounces.attachments import attachments_of

# PostgreSQL stores neither NUL nor half a character.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
HEAD_BYTES = 64 * 1024  # more are no headers of a mail
_WORDS = 300  # characters of evidence


@dataclass(frozen=True, slots=True)
class Understood:
    """A mail, and what it was taken for."""

    mail: Mail
    verdict: Verdict


def understand(raw: bytes) -> Understood:
    """Return what the mail says and is. What cannot be read as a whole is read by its headers, then not at all.

    Whoever writes to us chooses every byte, and a mail that breaks its reader would hide all mails behind it.
    """
    faults: list[Evidence] = []
    for rule, part in (("whole", raw), ("headers", head_of(raw))):
        try:
            mail = parse_mail(part)
            verdict = classify_mail(mail)
        except Exception as error:  # noqa: BLE001  # the border to the outside: kept beside the mail, and shown
            faults.append(Evidence("unreadable", rule, type(error).__name__))
        else:
            return Understood(mail, _cleaned(verdict, faults))
    verdict = Verdict(Kind.OTHER, Category.NONE, confidence=0)
    return Understood(parse_mail(b""), _cleaned(verdict, faults))


def attached_to(raw: bytes) -> list[dict[str, object]]:
    """Return what is attached to a mail, as it is kept beside it; nothing where that cannot be read."""
    try:
        found = attachments_of(raw)
    except Exception:  # noqa: BLE001  # the border to the outside, as above
        return []
    return [asdict(one) for one in found]  # its names are clean already


def head_of(raw: bytes) -> bytes:
    """Return the headers of a mail."""
    return re.split(rb"\r?\n\r?\n", raw[:HEAD_BYTES], maxsplit=1)[0]


def reply_address(mail: Mail) -> str:
    """Return the address that a mail asks to be answered at (Reply-To), "" where it asks for none."""
    return address_in(mail.header("reply-to"))


def address_in(text: str) -> str:
    """Return the address of a header, "" where there is none that can be written to."""
    try:
        return parse_address(text.rpartition("<")[2].partition(">")[0] if "<" in text else text).email
    except BadAddress:
        return ""


def content_key(mail: Mail, raw: bytes) -> str:
    """Return what makes a mail the same mail in another folder, or under another UID.

    The Message-ID alone would let a hostile mail hide another, and some bounces have none, so date and content belong
    to it. Transport headers do not, nor do boundaries: servers write both anew.
    """
    headers = (mail.message_id, mail.header("date"), mail.from_address, mail.subject)
    texts = [part.text for part in mail.parts if part.text.strip()]
    key = hashlib.sha256()
    for text in (*headers, *texts):
        key.update(text.encode("utf-8", "surrogatepass") + b"\x00")
    if not texts:
        # Nothing could be read of it, or it has no text: its bytes have to tell.
        body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1] if any(headers) else raw
        key.update(body.replace(b"\r\n", b"\n").rstrip())
    return key.hexdigest()


def _cleaned(verdict: Verdict, faults: list[Evidence]) -> Verdict:
    """Return the verdict without what no column takes; a Message-ID with such characters is none of ours."""
    ids = tuple(one for one in verdict.original_message_ids if not _UNSTORABLE.search(one))
    evidence = tuple(Evidence(*(_storable(text) for text in astuple(one))) for one in (*faults, *verdict.evidence))
    return replace(verdict, original_message_ids=ids, evidence=evidence)


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("", text)[:_WORDS]
