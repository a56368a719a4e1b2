"""Reports in other standards: receipts (RFC 8098), of which some are bounces, and notices in JSON (Amazon SES)."""

from __future__ import annotations

import json
from typing import Any

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail
from sending.bounces.recipients import addresses_in
from sending.bounces.replies import code_of, reason, status_of
from sending.bounces.reports import fields_of
from sending.bounces.returned import told_by

_MOST_JSON = 200_000
_SERVERS = ("mailer-daemon@", "mailerdaemon@", "mailer_daemon@", "mail-daemon@", "maildaemon@", "postmaster@")
# docs.aws.amazon.com/ses: bounce types and subtypes, where the diagnostic says nothing more.
_SUBTYPES = {
    "noemail": Category.BAD_MAILBOX,
    "suppressed": Category.INACTIVE_MAILBOX,
    "onaccountsuppressionlist": Category.INACTIVE_MAILBOX,
    "mailboxfull": Category.MAILBOX_FULL,
    "messagetoolarge": Category.MESSAGE_FORMAT,
    "contentrejected": Category.CONTENT_BLOCK,
    "attachmentrejected": Category.CONTENT_BLOCK,
}


def is_server(mail: Mail) -> bool:
    """Say whether a mail server writes under its own name: whatever it says, no person has answered."""
    return mail.from_address.lower().startswith(_SERVERS)


def receipt(mail: Mail) -> Verdict | None:
    """Return what a receipt says: read, or deleted unread; where a server refused the message, that is a bounce."""
    part = next((one for one in mail.parts if one.content_type == "message/disposition-notification"), None)
    if part is None and mail.report_type != "disposition-notification":
        return None
    fields = fields_of(part.text if part else mail.text)
    disposition = fields.get("disposition", "").lower()
    told = told_by(mail)
    is_refusal = "automatic-action" in disposition and (
        "rejected" in told.text.lower() or "refused" in told.text.lower()
    )
    if not is_refusal:
        return Verdict(
            Kind.OTHER, Category.NONE, (Evidence("rfc8098", "receipt", f"Disposition: {disposition[:150]}"),)
        )
    status = status_of(told.text)
    category, why = reason(code_of(told.text), status, told.text)
    recipients = addresses_in(fields.get("original-recipient", "")) or addresses_in(fields.get("final-recipient", ""))
    ids = tuple(
        one for one in (*told.message_ids, fields.get("original-message-id", "")) if one and one != mail.message_id
    )
    evidence = (Evidence("rfc8098", "refusal", f"Disposition: {disposition[:150]}"), why)
    return Verdict(Kind.BOUNCE, category, evidence, recipients, status, tuple(dict.fromkeys(ids)))


def json_notice(mail: Mail) -> Verdict | None:
    """Return what a notice in JSON says (SES, alone or in a "Message" of SNS), None where the mail has none."""
    text = mail.text[:_MOST_JSON].lstrip()
    start = text.find("{")
    if start < 0 or start > 300 or ("notificationType" not in text and "eventType" not in text):
        return None
    try:
        found = json.JSONDecoder().raw_decode(text[start:].replace("\n", ""))[0]
        notice = json.loads(found["Message"]) if isinstance(found.get("Message"), str) else found
    except (ValueError, RecursionError, AttributeError, TypeError):
        return None
    return _notice(notice) if isinstance(notice, dict) else None


def _notice(notice: dict[str, Any]) -> Verdict | None:
    kind = str(notice.get("notificationType") or notice.get("eventType") or "").lower()
    about, sent = _inner(notice, kind), _inner(notice, "mail")
    headers = _inner(sent, "commonHeaders")
    ids = tuple(one for one in (str(headers.get("messageId", "")),) if one.startswith("<"))
    if kind == "bounce":
        return _bounce(about, sent, ids)
    if kind == "complaint":
        evidence = (Evidence("ses", "complaint", str(about.get("complaintFeedbackType", ""))[:100]),)
        people = _people(about.get("complainedRecipients"), sent)
        return Verdict(Kind.COMPLAINT, Category.COMPLAINT, evidence, people, original_message_ids=ids)
    if kind == "delivery":
        people = addresses_in(json.dumps(about.get("recipients", "")))
        return Verdict(
            Kind.DELIVERED, Category.DELIVERED, (Evidence("ses", "delivery", ""),), people, original_message_ids=ids
        )
    return None


def _inner(outer: dict[str, Any], name: str) -> dict[str, Any]:
    found = outer.get(name)
    return found if isinstance(found, dict) else {}


def _bounce(about: dict[str, Any], sent: dict[str, Any], ids: tuple[str, ...]) -> Verdict:
    people = about.get("bouncedRecipients")
    first = people[0] if isinstance(people, list) and people and isinstance(people[0], dict) else {}
    said, status = str(first.get("diagnosticCode", ""))[:2_000], str(first.get("status", ""))[:20]
    category, why = reason(code_of(said), status, said)
    subtype = str(about.get("bounceSubType", "")).lower()
    if category is Category.UNKNOWN or subtype in {"suppressed", "onaccountsuppressionlist"}:
        category = _SUBTYPES.get(subtype, category)
    is_transient = str(about.get("bounceType", "")).lower() == "transient"
    if is_transient and (category.suppresses or category is Category.UNKNOWN):
        category = Category.TEMPORARY
    evidence = (Evidence("ses", "bounce", f"{about.get('bounceType', '')} {about.get('bounceSubType', '')}"[:100]), why)
    return Verdict(Kind.BOUNCE, category, evidence, _people(people, sent), status, ids)


def _people(listed: object, sent: dict[str, Any]) -> tuple[str, ...]:
    named = (
        [str(one.get("emailAddress", "")) for one in listed if isinstance(one, dict)]
        if isinstance(listed, list)
        else []
    )
    return addresses_in("\n".join(named)) or addresses_in(json.dumps(sent.get("destination", "")))
