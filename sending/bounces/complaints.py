"""Complaints: feedback reports (RFC 5965), their shapes that follow no standard, and those inside JSON."""

from __future__ import annotations

import re

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail
from sending.bounces.recipients import addresses_in
from sending.bounces.reports import fields_of
from sending.bounces.returned import told_by

_RECIPIENTS = ("original-rcpt-to", "original-recipient", "removal-recipient", "x-hmxmroriginalrecipient")
AUTH_FAILURE = "auth-failure"  # RFC 6591, and the rule of its evidence
_AUTH_FAILURES = frozenset({"dmarc", "dkim", "spf", "fraud", "other"})  # so called by some that report the same
_NO_COMPLAINT = frozenset({"not-spam", "dmarc"})
_ABOUT_AUTHENTICATION = ("auth-failure", "delivery-result", "reported-domain", "source-ip", "identity-alignment")
# AOL, Yahoo, Outlook.com and others without a feedback-report part: who writes, and about what.
_SUBJECT = re.compile(
    r"^\s*(complaint about message from|\[?e?mail feedback\]? ?report|email feedback report|abuse report|fw: complaint"
    r"|spam report|feedback[ -]loop)",
    re.IGNORECASE,
)
_WRITER = re.compile(
    r"^(staff@hotmail|scomp@aol|feedback@|fbl@|.{0,60}feedbackloop|.{0,40}arf@|abuse|complaints?@|.{0,60}@feedback\.)",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"abuse report for an email|email abuse report|reported as (spam|junk|abuse)|marked (it )?as (spam|junk)"
    r"|complained about",
    re.IGNORECASE,
)


def complaint(mail: Mail) -> Verdict | None:
    """Return what a complaint says, None where the mail is none."""
    report = next((part.text for part in mail.parts if part.content_type == "message/feedback-report"), None)
    if report is None and mail.report_type == "feedback-report":
        report = next((part.text for part in mail.parts if "feedback-type:" in part.text[:5_000].lower()), "")
    if report is None:
        return _without_standard(mail)
    fields = fields_of(report)
    kind = fields.get("feedback-type", "auth-failure" if fields.get("auth-failure") else "abuse").lower()
    if kind == AUTH_FAILURE or (kind in _AUTH_FAILURES and "auth-failure" in fields):
        return _failed_authentication(mail, fields)
    if kind in _NO_COMPLAINT:
        return Verdict(Kind.OTHER, Category.NONE, (Evidence("rfc5965", kind, f"Feedback-Type: {kind}"),))
    return _verdict(mail, Evidence("rfc5965", "feedback-report", f"Feedback-Type: {kind}"), fields)


def _failed_authentication(mail: Mail, fields: dict[str, str]) -> Verdict:
    """Return what a report on failed authentication says (RFC 6591): of our domain, and nothing of the recipient.

    Nobody has complained, whoever wrote the message: it may not even be ours.
    """
    said = "; ".join(f"{name.title()}: {fields[name]}" for name in _ABOUT_AUTHENTICATION if fields.get(name))
    ids = tuple(one for one in told_by(mail).message_ids if one != mail.message_id)
    return Verdict(
        Kind.OTHER, Category.NONE, (Evidence("rfc6591", AUTH_FAILURE, said[:300]),), original_message_ids=ids
    )


def _without_standard(mail: Mail) -> Verdict | None:
    has_original = any(part.content_type == "message/rfc822" for part in mail.parts)
    original = mail.header("x-hmxmroriginalrecipient")
    for part in mail.parts:
        if not original and part.content_type == "message/rfc822":
            original = fields_of(part.text[:20_000]).get("x-hmxmroriginalrecipient", "")
    told = f"{mail.subject}\n{mail.text[:2_000]}"
    subject = _SUBJECT.match(mail.subject)
    if subject and (_WRITER.match(mail.from_address) or _WORDS.search(told)) and (has_original or original):
        return _verdict(
            mail, Evidence("complaint", "subject", subject[0].strip()), {"x-hmxmroriginalrecipient": original}
        )
    if original and _WRITER.match(mail.from_address):
        return _verdict(mail, Evidence("complaint", "hotmail", original), {"x-hmxmroriginalrecipient": original})
    if has_original and not mail.in_reply_to and (found := _WORDS.search(told)):
        return _verdict(mail, Evidence("complaint", "words", found[0]), {})
    return None


def _verdict(mail: Mail, evidence: Evidence, fields: dict[str, str]) -> Verdict:
    told = told_by(mail)
    recipients = next((found for name in _RECIPIENTS if (found := addresses_in(fields.get(name, "")))), ())
    recipients = recipients or told.addresses("to", "x-original-to", "delivered-to")[:1]
    ids = tuple(one for one in told.message_ids if one != mail.message_id)
    return Verdict(Kind.COMPLAINT, Category.COMPLAINT, (evidence,), recipients, original_message_ids=ids)
