"""A report that came with a mail: found by its name or type, taken in, and told of in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sending.bounces import Kind, Mail, Verdict
from sending.bounces.attachments import attachment, attachments_of
from sending.dmarc.reading.errors import BadReport
from sending.dmarc.reading.files import is_named_so
from sending.dmarc.services import Way, take_file
from sending.dmarc.states import Proof
from sending.mailboxes.models import Mailbox

LAYER = "report"  # of the evidence that a mail has brought one
TAKEN = "taken"
_MOST = 3  # of one mail
_SUBJECT = re.compile(r"\s*Report domain:\s*\S+\s+Submitter:", re.IGNORECASE)
_PACKAGES = frozenset({
    "application/zip", "application/x-zip-compressed", "application/gzip", "application/x-gzip", "application/xml",
    "text/xml", "application/octet-stream", "application/json",
})  # fmt: skip
# Whose mail may be a report; what came back of ours, and what people ask for, is never anything else.
_WITHOUT = frozenset({"text/plain", "text/html", "multipart/alternative"})  # mails to which nothing is attached
_MAY_BE = frozenset({Kind.HUMAN_REPLY, Kind.AUTO_REPLY, Kind.CHALLENGE, Kind.OTHER})
_RESULT = re.compile(r"[;\s]dmarc\s*=\s*(pass|fail)\b", re.IGNORECASE)
# Where a provider's mail exchangers call themselves otherwise than the server that mail is read from.
_ALSO = {"gmail.com": "google.com"}


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the reports of a mail. rule: TAKEN, or the name of what was wrong with the first."""

    rule: str
    words: str


def take_from_mail(mailbox: Mailbox, raw: bytes, mail: Mail, verdict: Verdict) -> Brought | None:
    """Take in the reports that a mail brings; None where it brings none. A bad one changes nothing, and is named."""
    if verdict.kind not in _MAY_BE or mail.content_type in _WITHOUT:
        return None
    told: list[Brought] = []
    way = Way(mailbox=mailbox, proof=proof_of(mailbox, mail))
    for name, content in _reports(raw, mail):
        try:
            taken = take_file(mailbox.workspace, name, content, way)
        except BadReport as error:
            told.append(Brought(error.fault, f"{name}: {error} Nothing was taken in."))
        else:
            told += [Brought(TAKEN, one.words) for one in taken]
    return Brought(told[0].rule, " ".join(one.words for one in told)) if told else None


def proof_of(mailbox: Mailbox, mail: Mail) -> Proof:
    """Return what the mailbox's own server said of the sender (Authentication-Results, RFC 8601).

    Only a header of the provider's own name counts, and of them the first: those below it came with the mail.
    """
    place = _organization(mailbox.imap_host)
    ours = {place, _ALSO.get(place, place)}
    for name, value in mail.headers:
        server = value.partition(";")[0].split()
        if name == "authentication-results" and server and _organization(server[0]) in ours:
            found = _RESULT.search(value)
            return Proof.UNSAID if found is None else Proof.PASSED if found[1].lower() == "pass" else Proof.FAILED
    return Proof.UNSAID


def _organization(host: str) -> str:
    return ".".join(host.lower().rstrip(".").split(".")[-2:])


def _reports(raw: bytes, mail: Mail) -> Iterator[tuple[str, bytes]]:
    is_told = _SUBJECT.match(mail.subject) is not None
    named = [
        one for one in attachments_of(raw)
        if is_named_so(one.name, one.content_type) or (is_told and one.content_type in _PACKAGES)
    ]  # fmt: skip
    for one in named[:_MOST]:
        found = attachment(raw, one.number)
        if found is not None:
            yield one.name, found[1]
