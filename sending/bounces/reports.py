"""Delivery reports by the standard (RFC 3464): whom each block is about, what became of it, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail
from sending.bounces.recipients import MOST, addresses_in, unique
from sending.bounces.replies import by_status, code_of, reason, status_of
from sending.bounces.returned import Told, told_by
from sending.bounces.rules import LAYERS
from sending.bounces.words import notices

_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_BLOCKS = re.compile(r"\n[ \t]*\n")
_FOLDED = re.compile(r"\n[ \t]+")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_DONE = frozenset({"delivered", "relayed", "expanded"})
_OURS = re.compile(
    r"^[ \t>]{0,8}(?:message[- ])?(?:subject|sent|date|betreff|objet|asunto|oggetto|assunto|temat|тема|件名)"
    r"[ \t]{0,4}:[^\n]{0,1000}$|with subject:? [^\n]{0,300}",
    re.IGNORECASE | re.MULTILINE,
)
# What Sendmail makes of the code of an answer that it quotes ("<<< 550 ..."): any 550 is "User unknown" to it.
_QUOTES_ANSWER = re.compile(r"^<<< [45]\d\d", re.MULTILINE)
_OWN_WORDS = re.compile(r"^[45]\d\d \d\.\d\.\d [^\n]{1,330}\.\.\. [^\n]{1,80}$", re.MULTILINE)
# The statuses that it makes of codes, even beside another one that the server said: what was said comes first.
_MADE_OF_CODE = {550: "5.1.1", 552: "5.2.2", 553: "5.1.3"}
_BEGIN = frozenset({"final-recipient", "original-recipient"})
_MOST_BLOCKS = 200
_RECIPIENTS = ("original-recipient", "x-actual-recipient", "final-recipient", "x-original-recipient", "recipient")

# X-PowerMTA-BounceCategory, where it names a cause. Sources: the product's manual; Sisimai (BSD-2-Clause).
_POWERMTA = {
    "bad-domain": Category.BAD_DOMAIN, "bad-mailbox": Category.BAD_MAILBOX,
    "inactive-mailbox": Category.INACTIVE_MAILBOX, "message-expired": Category.TEMPORARY,
    "no-answer-from-host": Category.TEMPORARY, "bad-connection": Category.TEMPORARY,
    "quota-issues": Category.MAILBOX_FULL, "routing-errors": Category.SENDER_CONFIG,
    "spam-related": Category.CONTENT_BLOCK, "virus-related": Category.CONTENT_BLOCK,
    "content-related": Category.CONTENT_BLOCK, "policy-related": Category.POLICY_BLOCK,
    "relaying-issues": Category.SENDER_CONFIG, "invalid-sender": Category.SENDER_CONFIG,
    "protocol-errors": Category.MESSAGE_FORMAT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the message for one recipient."""

    recipients: tuple[str, ...]
    action: str  # failed, delayed, delivered, relayed, expanded
    status: str
    said: str
    sorted_as: str = ""  # by PowerMTA


def delivery_report(mail: Mail) -> Verdict | None:
    """Return what a report by the standard says, None where the mail is none."""
    reports = [part.text for part in mail.parts if part.content_type in _TYPES]
    fates = [fate for report in reports for block in _blocks(report) if (fate := _fate(block))]
    if not fates:
        return None
    told = told_by(mail)
    failed = [one for one in fates if one.action not in _DONE and not one.action.startswith("delay")]
    delayed = [one for one in fates if one.action.startswith("delay")]
    chosen = failed or delayed or fates
    recipients = unique(one for fate in chosen for one in fate.recipients)[:MOST]
    ids = tuple(one for one in told.message_ids if one != mail.message_id)
    if not failed and not delayed:
        one = chosen[0]
        done = (Evidence("rfc3464", one.action, f"Action: {one.action}"),)
        return Verdict(Kind.DELIVERED, Category.DELIVERED, done, recipients, one.status, ids)
    fate, (category, why) = _reason_of(chosen, told)
    if category.suppresses and (not failed or fate.status.startswith("4")):
        category = Category.TEMPORARY
    evidence = (Evidence("rfc3464", fate.action, f"Action: {fate.action}; Status: {fate.status}"), why)
    kind = Kind.BOUNCE if failed else Kind.DELAYED
    recipients = recipients or _else_recipients(mail, told)
    return Verdict(kind, category, evidence, recipients, fate.status, ids, confidence=1.0)


def fields_of(block: str) -> dict[str, str]:
    """Return the fields of a block by name in lower case; the first of a name counts."""
    fields: dict[str, str] = {}
    for name, value in _named(block):
        fields.setdefault(name, value)
    return fields


def _named(block: str) -> Iterator[tuple[str, str]]:
    for line in _FOLDED.sub(" ", block).split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _blocks(report: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each recipient; some servers put recipients below each other without an empty line."""
    for block in _BLOCKS.split(report)[:_MOST_BLOCKS]:
        fields: dict[str, str] = {}
        for name, value in _named(block):
            if name in _BEGIN and "action" in fields:
                yield fields
                fields = {}
            fields.setdefault(name, value)
        if "action" in fields or not _BEGIN.isdisjoint(fields):
            yield fields


def _fate(block: dict[str, str]) -> Fate | None:
    status = next(iter(_STATUS.findall(block.get("status", ""))), "")
    action = (block.get("action") or "failed").split()[0].lower()[:40].rstrip(";,.")
    if action in _DONE and status.startswith(("4", "5")):
        action = "failed"
    found: tuple[str, ...] = ()
    for name in _RECIPIENTS:
        value = block.get(name, "")
        found = addresses_in(value.partition(";")[2] or value)[:1]
        if found:
            break
    said = block.get("diagnostic-code", "") or block.get("x-notes", "")
    return Fate(found, action, status, said, block.get("x-powermta-bouncecategory", "").lower())


def _reason_of(fates: list[Fate], told: Told) -> tuple[Fate, tuple[Category, Evidence]]:
    """Return the first block with a reason, and the reason: by its diagnostic, the report's own words, its status."""
    ways = [(fate, _by_diagnostic(fate)) for fate in fates[:MOST]]
    for fate, found in ways:
        if found[0] is not Category.UNKNOWN and (
            found[1].layer in LAYERS or found[1].rule == "powermta" or by_status(found[1].words)
        ):
            return fate, found
    first, found = next((one for one in ways if one[1][0] is not Category.UNKNOWN), ways[0])
    text = _OWN_WORDS.sub(" ", told.text) if _QUOTES_ANSWER.search(told.text) else told.text
    spoken = reason(0, first.status if found[0] is Category.UNKNOWN else "", without_phrases(text))
    is_plain = spoken[1].layer in LAYERS
    if found[0] is Category.UNKNOWN or is_plain:
        return first, spoken if spoken[0] is not Category.UNKNOWN else found
    return first, found


def _by_diagnostic(fate: Fate) -> tuple[Category, Evidence]:
    if fate.sorted_as in _POWERMTA:
        return _POWERMTA[fate.sorted_as], Evidence("status", "powermta", fate.sorted_as)
    said = fate.said.partition(";")[2] or fate.said
    code = code_of(said)
    if not said.strip():
        return reason(0, fate.status, "")
    inner = status_of(said)
    if _MADE_OF_CODE.get(code) == fate.status:
        found = reason(code, inner, said)
        if found[0] is not Category.UNKNOWN:
            return found
    return reason(code, inner if by_status(inner) or not fate.status else fate.status, said)


def without_phrases(text: str) -> str:
    """Return the text in lower case without what says nothing of the reason.

    That are the sentences of every report of its program, and our own subject, which may say anything.
    """
    told = " ".join(_OURS.sub(" ", text).lower().split())
    for phrase in notices().phrases:
        if phrase in told:
            told = told.replace(phrase, " ")
    return told


def _else_recipients(mail: Mail, told: Told) -> tuple[str, ...]:
    return addresses_in(mail.header("x-failed-recipients")) or told.addresses("to", "x-original-to", "delivered-to")[:1]
