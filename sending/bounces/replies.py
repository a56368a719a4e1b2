"""What an SMTP reply means: its plain words, its enhanced code where that is definite, hints, its class."""

from __future__ import annotations

import re
from dataclasses import replace

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.rules import by_hints, by_words

# RFC 3463 and the IANA registry of RFC 5248, by "subject.detail"; three digits: Exchange Online, learn.microsoft.com.
_ENHANCED = {
    "1.1": Category.BAD_MAILBOX, "1.2": Category.BAD_DOMAIN, "1.3": Category.BAD_MAILBOX,
    "1.6": Category.INACTIVE_MAILBOX, "1.7": Category.SENDER_CONFIG, "1.8": Category.SENDER_CONFIG,
    "1.10": Category.BAD_DOMAIN, "1.20": Category.MESSAGE_FORMAT,
    "2.1": Category.INACTIVE_MAILBOX, "2.4": Category.TEMPORARY, "2.14": Category.TEMPORARY,
    "2.2": Category.MAILBOX_FULL, "2.3": Category.MESSAGE_FORMAT,
    "3.0": Category.TEMPORARY, "3.1": Category.MAILBOX_FULL, "3.2": Category.TEMPORARY, "3.3": Category.MESSAGE_FORMAT,
    "3.4": Category.MESSAGE_FORMAT, "3.5": Category.TEMPORARY,
    "4.0": Category.TEMPORARY, "4.1": Category.TEMPORARY, "4.2": Category.TEMPORARY, "4.3": Category.TEMPORARY,
    "4.4": Category.BAD_DOMAIN, "4.5": Category.RATE_LIMITED, "4.6": Category.TEMPORARY, "4.7": Category.TEMPORARY,
    "4.14": Category.TEMPORARY, "4.300": Category.TEMPORARY, "4.310": Category.BAD_DOMAIN,
    "4.312": Category.TEMPORARY, "4.316": Category.TEMPORARY, "4.317": Category.SENDER_CONFIG,
    "5.1": Category.MESSAGE_FORMAT, "5.2": Category.MESSAGE_FORMAT, "5.3": Category.RATE_LIMITED,
    "5.4": Category.MESSAGE_FORMAT, "5.5": Category.MESSAGE_FORMAT, "5.6": Category.MESSAGE_FORMAT,
    "6.0": Category.MESSAGE_FORMAT, "6.1": Category.MESSAGE_FORMAT, "6.2": Category.MESSAGE_FORMAT,
    "6.3": Category.MESSAGE_FORMAT, "6.5": Category.MESSAGE_FORMAT, "6.6": Category.MESSAGE_FORMAT,
    "6.4": Category.MESSAGE_FORMAT, "6.7": Category.MESSAGE_FORMAT, "6.8": Category.MESSAGE_FORMAT,
    "6.10": Category.MESSAGE_FORMAT, "6.9": Category.MESSAGE_FORMAT, "6.11": Category.MESSAGE_FORMAT,
    "7.1": Category.POLICY_BLOCK, "7.2": Category.POLICY_BLOCK, "7.3": Category.POLICY_BLOCK,
    "7.4": Category.POLICY_BLOCK, "7.5": Category.POLICY_BLOCK, "7.6": Category.POLICY_BLOCK,
    "7.7": Category.MESSAGE_FORMAT,
    "7.8": Category.SENDER_CONFIG, "7.9": Category.SENDER_CONFIG, "7.10": Category.SENDER_CONFIG,
    "7.11": Category.SENDER_CONFIG, "7.13": Category.SENDER_CONFIG,
    "7.14": Category.SENDER_CONFIG, "7.15": Category.POLICY_BLOCK, "7.16": Category.MESSAGE_FORMAT,
    "7.19": Category.TEMPORARY,
    "7.17": Category.INACTIVE_MAILBOX, "7.18": Category.BAD_DOMAIN,
    "7.20": Category.AUTH_FAILED, "7.21": Category.AUTH_FAILED, "7.22": Category.AUTH_FAILED,
    "7.23": Category.AUTH_FAILED, "7.24": Category.AUTH_FAILED, "7.25": Category.AUTH_FAILED,
    "7.26": Category.AUTH_FAILED, "7.27": Category.AUTH_FAILED, "7.28": Category.REPUTATION_BLOCK,
    "7.29": Category.AUTH_FAILED, "7.30": Category.SENDER_CONFIG, "7.32": Category.AUTH_FAILED,
    "7.57": Category.SENDER_CONFIG, "7.64": Category.SENDER_CONFIG, "7.124": Category.POLICY_BLOCK,
    "7.133": Category.POLICY_BLOCK, "7.134": Category.POLICY_BLOCK, "7.139": Category.SENDER_CONFIG,
    "7.12": Category.POLICY_BLOCK, "7.129": Category.POLICY_BLOCK, "7.135": Category.POLICY_BLOCK,
    "7.136": Category.POLICY_BLOCK, "7.232": Category.RATE_LIMITED, "7.233": Category.RATE_LIMITED,
    "7.320": Category.SENDER_CONFIG, "7.321": Category.SENDER_CONFIG, "7.322": Category.SENDER_CONFIG,
    "7.323": Category.SENDER_CONFIG, "7.324": Category.SENDER_CONFIG, "7.325": Category.SENDER_CONFIG,
    "7.350": Category.CONTENT_BLOCK, "7.367": Category.SENDER_CONFIG, "7.368": Category.SENDER_CONFIG,
    "7.505": Category.POLICY_BLOCK, "7.506": Category.AUTH_FAILED, "7.508": Category.RATE_LIMITED,
    "7.509": Category.AUTH_FAILED, "7.510": Category.REPUTATION_BLOCK, "7.512": Category.MESSAGE_FORMAT,
    "7.515": Category.AUTH_FAILED, "7.750": Category.REPUTATION_BLOCK,
    # Exchange Online: banned senders and addresses, tenants that have sent too much
    **{f"7.{detail}": Category.REPUTATION_BLOCK for detail in (501, 502, 503, 511, *range(606, 650), *range(700, 708))},
}  # fmt: skip
# These details are used by servers for many things: words say more, and hints do.
_VAGUE = frozenset(
    {"3.0", "3.2", "3.5", "4.0", "4.1", "4.2", "4.7", "2.1", "5.1", "5.2", "5.4", "6.0", "7.1", "7.9", "3.1"}
)
# By these subjects of a status a server says that it is not about the address: a hint of that does not count.
_NOT_THE_ADDRESS = {
    "3": Category.TEMPORARY, "4": Category.TEMPORARY, "6": Category.MESSAGE_FORMAT, "7": Category.POLICY_BLOCK,
}  # fmt: skip
_SIGN_IN = frozenset({530, 534, 535, 538})
# Words that are too common to unsay the definite code of a missing mailbox.
_RATHER_CODED = frozenset({Category.TEMPORARY, Category.MESSAGE_FORMAT, Category.UNKNOWN, Category.SENDER_CONFIG})
_INNER = re.compile(r"(?<![\d.])#?([245]\.\d\.\d{1,3})(?![\d.]*\d)")
_ACCEPTED = re.compile(r"\s*([23])\d\d(?:[ -]|$)")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ :-])")


def classify_reply(code: int, enhanced: str, text: str, *, phase: str = "") -> Verdict:
    """Return what a server's refusal means. code 4xx or 5xx; enhanced as "5.1.1" or "".

    A temporary code never becomes "the address does not exist": the server says that it may still change its mind.
    """
    category, evidence = reason(code, enhanced, text)
    if category.suppresses and (code // 100 == 4 or phase == "mail"):
        category = Category.TEMPORARY if code // 100 == 4 else Category.SENDER_CONFIG
    return Verdict(
        kind=Kind.BOUNCE if code // 100 == 5 else Kind.DELAYED,
        category=category,
        evidence=(evidence,),
        status=enhanced,
        confidence=_CONFIDENCE.get(evidence.layer, 0.3),
    )


_CONFIDENCE = {"code": 0.9, "status": 0.9, "providers": 0.95, "wordings": 0.9, "languages": 0.85, "hints": 0.6}


def classify_line(line: str) -> Verdict:
    """Return what one line of a server's answer, or of a log about one, means; an acceptance is no failure.

    The code may stand anywhere in it ("host mx.y.example said: 550 5.1.1 ..."), or nowhere ("No route to host").
    """
    if accepted := _ACCEPTED.match(line):
        return Verdict(Kind.DELIVERED, Category.NONE, (Evidence("code", f"{accepted[1]}xx", line[:200]),))
    status = status_of(line)
    code = code_of(line) or (int(status[0]) * 100 if status[:1] in {"4", "5"} else 0)
    verdict = classify_reply(code or 500, status, line)
    return verdict if code or verdict.category is not Category.TEMPORARY else replace(verdict, kind=Kind.DELAYED)


def code_of(text: str) -> int:
    """Return the first SMTP reply code in the text, 0 where there is none."""
    found = _CODE.search(text)
    return int(found[1]) if found else 0


def status_of(text: str) -> str:
    """Return the first enhanced status in the text that says something definite, else the first one, else ""."""
    found = _INNER.findall(text[:4_000])
    return next((one for one in found if by_status(one)), found[0] if found else "")


def by_status(status: str) -> tuple[Category, Evidence] | None:
    """Return what an RFC 3463 status says by itself, None where it says nothing definite."""
    detail = status.partition(".")[2]
    category = _ENHANCED.get(detail)
    if category is None or detail in _VAGUE:
        return None
    return category, Evidence("status", f"rfc3463-{detail}", status)


def reason(code: int, enhanced: str, text: str) -> tuple[Category, Evidence]:
    """Return why, and by which layer: plain words, a definite status, hints, a vague status, the class of the code."""
    if code in _SIGN_IN:
        return Category.SENDER_CONFIG, Evidence("code", "sign-in", str(code))
    found = _plain(enhanced, text) or by_hints(text)
    detail = enhanced.partition(".")[2]
    subject = detail.partition(".")[0]
    if found and found[1].layer == "hints" and found[0].suppresses and subject in _NOT_THE_ADDRESS:
        found = _NOT_THE_ADDRESS[subject], Evidence("status", f"rfc3463-{subject}.x", enhanced)
    if found:
        return found
    if detail in _ENHANCED and not _ENHANCED[detail].suppresses:
        return _ENHANCED[detail], Evidence("status", f"rfc3463-{detail}", enhanced)
    if code // 100 == 4 or (not code and enhanced.startswith("4")):
        return Category.TEMPORARY, Evidence("code", "4xx", str(code or enhanced))
    return Category.UNKNOWN, Evidence("none", "unknown", text[:200])


def _plain(enhanced: str, text: str) -> tuple[Category, Evidence] | None:
    """Return what plain words or a definite status say; where they differ, the one that is used with more care."""
    definite = by_status(enhanced) or by_status(status_of(text))
    spoken = by_words(text)
    if spoken is None or definite is None:
        return spoken or definite
    if spoken[1].layer == "providers" or spoken[0] is definite[0]:
        return spoken
    if definite[0].suppresses:
        # Of two that condemn the address, "no such user" is said of any: a code of the domain or of a move is exact.
        is_vague = spoken[0] is Category.BAD_MAILBOX and definite[1].rule.startswith("rfc3463-1.")
        return definite if is_vague or spoken[0] in _RATHER_CODED else spoken
    return definite if spoken[0].suppresses else spoken
