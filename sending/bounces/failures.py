"""Reports of failure that follow no standard: how they are told from letters, whom they name, and why it failed."""

from __future__ import annotations

import re

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail
from sending.bounces.recipients import MOST, addresses_in, announces, named_in, unique
from sending.bounces.replies import code_of, reason, status_of
from sending.bounces.reports import without_phrases
from sending.bounces.returned import Told, told_by
from sending.bounces.rules import LAYERS
from sending.bounces.words import first_of, met, notices

_NEAR = 3_000  # characters of a report within which it says what it is
_OPENING = 600
_ANSWER = re.compile(
    r"^\s*(re|aw|sv|antw|odp|rif|ynt|fwd?|wg|tr|回复|答复)\s?(\[\d+\])?:",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"^[ \t]*[>|]|(?:wrote|schrieb|écrit|escribió|ha scritto|schreef|napisał)[^\n]{0,80}:"
    r"|-original|forwarded message|^from:",
    re.MULTILINE,
)
# What another server said, as reports quote it.
_SAID = re.compile(
    r"(?:said:|<<<|responded:?|as follows:|response:|returned was:|error was:|generated response:|failed with:"
    r"|remote host said:"
    r"|diagnostic-code: ?smtp;|reason:|\]:|refused to talk to me:|initial connection:|dsn:"
    r"|smtp error from remote mail(?:er| server) after [^\n:]{1,60}(?::<[^\n>]{1,200}>)?:)"
    r"\s{0,20}[\"'(\[]?((?:[45]\d\d[ -]|[45]\.\d\.\d)[^\n]{0,500}(?:\n[^\n]{0,300}){0,6})",
    re.IGNORECASE,
)


def failure_notice(mail: Mail) -> Verdict | None:
    """Return what a report in free form says, None where the mail is none."""
    failed = addresses_in(mail.header("x-failed-recipients"))
    sign = f"x-failed-recipients: {failed[0]}" if failed else _sign(mail)
    if not sign:
        return None
    told = told_by(mail)
    if not failed and not _speaks_of_failure(mail, told):
        return None
    lower = told.text[:_NEAR].lower()
    recipients = unique(failed or _recipients(mail, told))[:MOST]
    ids = tuple(one for one in told.message_ids if one != mail.message_id)
    done = met(lower, notices().deliveries)
    if done and "fail" not in lower and "could not" not in lower:
        delivered = (Evidence("free-form", "delivered", done),)
        return Verdict(Kind.DELIVERED, Category.DELIVERED, delivered, recipients, "", ids, confidence=0.7)
    category, why, status = _reason(mail, told)
    delay = _delay(mail, lower)
    if delay and (category.suppresses or category is Category.UNKNOWN):
        category = Category.TEMPORARY
    evidence = (Evidence("free-form", sign.partition(":")[0], delay or sign), why)
    kind = Kind.DELAYED if delay else Kind.BOUNCE
    confidence = 0.3 if category is Category.UNKNOWN else 0.8 if failed else 0.7
    return Verdict(kind, category, evidence, recipients, status, ids, confidence=confidence)


def _recipients(mail: Mail, told: Told) -> tuple[str, ...]:
    written_to = told.addresses("to", "x-original-to", "delivered-to", "x-rcpt-to")
    ours = (mail.from_address, *mail.to, *told.addresses("from", "return-path", "sender", "reply-to"))
    return named_in(told.text, ours=ours, written_to=written_to)


def _sign(mail: Mail) -> str:
    """Return what shows that a server wrote the mail, "" where a person or another robot may have."""
    text = mail.text[:_NEAR].lower()
    if _opens_like_a_program(mail, text):
        return f"opening: {met(text[:_OPENING], notices().products)}"
    if _ANSWER.match(mail.subject) and not (_is_daemon(mail) and met(text[:_OPENING], notices().openings)):
        return ""
    types = {part.content_type for part in mail.parts}
    if mail.report_type == "delivery-status" or "message/delivery-status" in types:
        return "report: multipart/report"
    return _sign_of_sender(mail, text)


def _sign_of_sender(mail: Mail, text: str) -> str:
    submitted = mail.header("auto-submitted").lower()
    if _is_daemon(mail):
        return f"sender: {mail.from_address or mail.from_name or 'none'}"
    if submitted.startswith("auto-notified") or mail.header("list-unsubscribe"):  # of a newsletter about bounces, too
        return ""
    subject = met(mail.subject.lower(), notices().subjects)
    failure = met(text, notices().failures)
    if mail.header("return-path").strip().lower().startswith(("<>", "< >", "<mailer-daemon")):
        return "sender: <>" if failure and (subject or not submitted.startswith("auto-replied")) else ""
    if failure and subject and not mail.in_reply_to and _has_proof(told_by(mail)):
        return f"subject: {mail.subject[:150]}"
    is_robot = _names(mail, notices().robots) or submitted.startswith("auto-generated")
    if not is_robot or not subject or not met(text, notices().openings):
        return ""
    told = told_by(mail)  # parcels and invoices are delivered, too, or are not
    return f"robot: {mail.from_address}" if _has_proof(told) or announces(told.text) else ""


def _opens_like_a_program(mail: Mail, text: str) -> bool:
    """Say whether only a mail program begins like this; a person who quotes one does so in an answer, or lower."""
    place = first_of(text[:_OPENING], notices().products)
    if place < 0 or mail.in_reply_to or _ANSWER.match(mail.subject):
        return False
    return not _QUOTED.search(text[:place])


def _has_proof(told: Told) -> bool:
    """Say whether it brings what a letter does not: the message that came back, or an answer of a server."""
    said = told.text.lower()
    return bool(told.returned) or bool(code_of(said) and status_of(said)) or "rcpt to" in said


def _is_daemon(mail: Mail) -> bool:
    return not mail.from_address or _names(mail, notices().senders)


def _is_certain(mail: Mail) -> bool:
    """Say whether no person writes under this name, or the mail calls itself a report of failure."""
    who = f"{mail.from_address} {mail.from_name}".lower()
    is_report = mail.content_type == "multipart/report" or "failure" in mail.header("auto-submitted").lower()
    return is_report or "daemon" in who or "delivery" in who


def _names(mail: Mail, names: tuple[str, ...]) -> bool:
    address, name = mail.from_address.lower(), mail.from_name.lower()
    return address.startswith(names) or name.startswith(names)


def _speaks_of_failure(mail: Mail, told: Told) -> bool:
    """Say whether it reports a failure: in so many words, or by its subject or beginning and something to prove it.

    Whoever runs a server writes letters, too, and many who do not write in their name.
    """
    near = told.text[:_NEAR].lower()
    subject = met(mail.subject.lower(), notices().subjects)
    if (subject or met(near, notices().openings)) and _is_certain(mail):
        return True
    if met(near, notices().failures) or met(near, notices().products):
        return True
    if not subject and not met(near, notices().openings):
        return False
    return _has_proof(told) or (bool(met(near, notices().openings)) and bool(addresses_in(near)))


def _delay(mail: Mail, lower: str) -> str:
    """Return the words that say it is still being tried, "" where none do."""
    subject = mail.subject.lower()
    found = met(lower, notices().delays)
    if "delay" in subject:
        return "delay"
    if "warning" in subject:
        return found or "warning"
    return found if "given up" not in lower and "giving up" not in lower else ""


def _reason(mail: Mail, told: Told) -> tuple[Category, Evidence, str]:
    """Return why, by the answer that is quoted, else by the whole text, else by the subject; and the status."""
    best: tuple[Category, Evidence, str] | None = None
    for said in (*(found[1] for found in _SAID.finditer(told.text)), told.text):
        status = status_of(said)
        category, why = reason(code_of(said), status, without_phrases(said))
        if category is not Category.UNKNOWN and why.layer not in {"hints", "code"}:
            return category, why, status
        if best is None or best[0] is Category.UNKNOWN or (best[1].layer == "code" and why.layer == "hints"):
            best = (category, why, status or (best[2] if best else ""))
    assert best is not None
    if best[0] is Category.UNKNOWN or best[1].layer == "code":
        category, why = reason(0, "", mail.subject)
        if why.layer in LAYERS:
            return category, why, best[2]
    return best
