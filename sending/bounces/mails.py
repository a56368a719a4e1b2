"""What a mail is: complaint, bounce, auto-reply, opt-out or a person's answer, by layers from standard to guess."""

from __future__ import annotations

import re
from collections.abc import Callable

from sending.bounces.absence import auto_reply
from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail
from sending.bounces.optout import opt_out
from sending.bounces.replies import by_status, classify_reply
from sending.bounces.rules import by_words

_ADDRESS = re.compile(r"<?([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255})>?")
_MESSAGE_ID = re.compile(r"^message-id:\s*(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(r"\b([45]\d\d)[ -]")
_MAILER = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|mdaemon|mail delivery|bounce)", re.IGNORECASE)
_FAILURE_SUBJECT = re.compile(
    r"undeliver|delivery (status|fail|report|problem)|returned (mail|to sender)|mail (delivery )?(failed|failure|error)"
    r"|failure notice|delivery has failed|non.?deliver|unzustellbar|nicht zugestellt|non remis|no entregado"
    r"|niedostarcz|onbestelbaar|mancato recapito|could not be delivered",
    re.IGNORECASE,
)
_ORIGINAL_BELOW = re.compile(
    r"below this line is a copy|original message (follows|headers)|copy of (the|your) message|-+ ?original message"
    r"|included below|enclosed",
    re.IGNORECASE,
)


def classify_mail(mail: Mail) -> Verdict:
    """Return what the mail is, with the evidence. Anything that no layer recognises is a person's answer."""
    for layer in _LAYERS:
        verdict = layer(mail)
        if verdict is not None:
            return verdict
    if not mail.from_address:
        return Verdict(Kind.OTHER, Category.NONE, (Evidence("none", "no-sender", ""),), confidence=0.3)
    return Verdict(Kind.HUMAN_REPLY, Category.NONE, (Evidence("none", "no-sign-of-a-machine", ""),), confidence=0.7)


def _complaint(mail: Mail) -> Verdict | None:
    """RFC 5965."""
    report = next((part.text for part in mail.parts if part.content_type == "message/feedback-report"), None)
    if report is None:
        return None
    fields = _fields(report)
    kind = fields.get("feedback-type", "abuse").lower()
    if kind in {"not-spam", "auth-failure"}:
        return Verdict(Kind.OTHER, Category.NONE, (Evidence("rfc5965", kind, f"Feedback-Type: {kind}"),))
    recipients = _addresses(fields.get("original-rcpt-to", ""))
    return Verdict(
        kind=Kind.COMPLAINT,
        category=Category.COMPLAINT,
        evidence=(Evidence("rfc5965", "feedback-report", f"Feedback-Type: {kind}"),),
        recipients=recipients,
        original_message_ids=_originals(mail),
    )


def _delivery_report(mail: Mail) -> Verdict | None:
    """RFC 3464: the fields of the report decide; its words fill in where the status is vague."""
    reports = [
        part.text
        for part in mail.parts
        if part.content_type in {"message/delivery-status", "message/global-delivery-status"}
    ]
    blocks = [_fields(block) for report in reports for block in re.split(r"\n\s*\n", report)]
    about = [block for block in blocks if "action" in block or "final-recipient" in block]
    if not about:
        return None
    recipients = tuple(dict.fromkeys(one for block in about for one in _recipients(block)))
    block = next((one for one in about if one.get("action", "").lower().startswith("fail")), about[0])
    action = (block.get("action") or "failed").split()[0].lower()[:40]
    status = next(iter(_STATUS.findall(block.get("status", ""))), "")
    originals = _originals(mail)
    if action in {"delivered", "relayed", "expanded"} and not status.startswith(("4", "5")):
        done = (Evidence("rfc3464", action, f"Action: {action}"),)
        return Verdict(Kind.DELIVERED, Category.DELIVERED, done, recipients, status, originals)
    said = block.get("diagnostic-code", "")
    category, evidence_of_reason = _reason(status, said, mail.text)
    is_delay = action.startswith("delay")
    if is_delay and category.suppresses:
        category = Category.TEMPORARY
    evidence = (Evidence("rfc3464", action, f"Action: {action}; Status: {status}"), evidence_of_reason)
    kind = Kind.DELAYED if is_delay else Kind.BOUNCE
    return Verdict(kind, category, evidence, recipients, status, originals, confidence=1.0)


def _reason(status: str, said: str, text: str) -> tuple[Category, Evidence]:
    """The diagnostic as the remote server's reply; else the report's own words; else the status alone."""
    code = next(iter(_CODE.findall(said)), "")
    inner = next(iter(_STATUS.findall(said)), "") or status
    if code or said:
        number = int(code) if code else (400 if status.startswith("4") else 550)
        verdict = classify_reply(number, inner, said)
        if verdict.category is not Category.UNKNOWN:
            return verdict.category, verdict.evidence[0]
    found = by_status(status) or by_words(text)
    if found:
        return found
    if status.startswith("4"):
        return Category.TEMPORARY, Evidence("status", "4.x.x", status)
    return Category.UNKNOWN, Evidence("none", "unknown", said[:200])


def _failed_recipients(mail: Mail) -> Verdict | None:
    """Exim and Google name them in a header of their own."""
    failed = _addresses(mail.header("x-failed-recipients"))
    return _free_form(mail, failed, "x-failed-recipients") if failed else None


def _failure_notice(mail: Mail) -> Verdict | None:
    """Bounces that follow no standard: a daemon writes, and the subject or the text speaks of failure (qmail, ...)."""
    local = mail.from_address.partition("@")[0]
    from_daemon = bool(_MAILER.match(local) or _MAILER.match(mail.from_name) or not mail.from_address)
    if not from_daemon or not (_FAILURE_SUBJECT.search(mail.subject) or "qmail-send" in mail.text[:300]):
        return None
    said = _ORIGINAL_BELOW.split(mail.text)[0][:3_000]
    recipients = tuple(one for one in _addresses(said) if one.lower() != mail.from_address.lower())[:20]
    return _free_form(mail, recipients, "failure-notice")


def _free_form(mail: Mail, recipients: tuple[str, ...], rule: str) -> Verdict:
    said = _ORIGINAL_BELOW.split(mail.text)[0][:3_000]
    status = next(iter(_STATUS.findall(said)), "")
    code = next(iter(_CODE.findall(said)), "")
    verdict = classify_reply(int(code) if code else 550, status, said)
    evidence = (Evidence("free-form", rule, mail.subject[:200]), *verdict.evidence)
    return Verdict(
        Kind.BOUNCE,
        verdict.category,
        evidence,
        recipients,
        status,
        _originals(mail),
        confidence=verdict.confidence * 0.8,
    )


_LAYERS: tuple[Callable[[Mail], Verdict | None], ...] = (
    _complaint,
    _delivery_report,
    _failed_recipients,
    _failure_notice,
    auto_reply,
    opt_out,
)


def _fields(block: str) -> dict[str, str]:
    unfolded = re.sub(r"\n[ \t]+", " ", block)
    pairs = (line.split(":", 1) for line in unfolded.split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _recipients(block: dict[str, str]) -> tuple[str, ...]:
    named = block.get("original-recipient") or block.get("final-recipient") or ""
    return _addresses(named.partition(";")[2] or named)[:1]


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ADDRESS.findall(text[:20_000])))


def _originals(mail: Mail) -> tuple[str, ...]:
    """The Message-ID of the message that is reported on, from its returned copy or headers."""
    inside = [
        part.text
        for part in mail.parts
        if part.content_type in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}
    ]
    inside.append(mail.text if not inside else "")
    found = [one for text in inside for one in _MESSAGE_ID.findall(text[:100_000])]
    return tuple(dict.fromkeys(one for one in found if one != mail.message_id))[:10]
