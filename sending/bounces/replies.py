"""What an SMTP reply means: its enhanced code, its words, its plain code, in that order of trust."""

from __future__ import annotations

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.rules import by_words

# RFC 3463 and the IANA registry of RFC 5248, by "subject.detail".
_ENHANCED = {
    "1.0": Category.UNKNOWN, "1.1": Category.BAD_MAILBOX, "1.2": Category.BAD_DOMAIN, "1.3": Category.BAD_MAILBOX,
    "1.6": Category.INACTIVE_MAILBOX, "1.7": Category.SENDER_CONFIG, "1.8": Category.SENDER_CONFIG,
    "1.10": Category.BAD_DOMAIN,
    "2.0": Category.UNKNOWN, "2.1": Category.INACTIVE_MAILBOX, "2.2": Category.MAILBOX_FULL,
    "2.3": Category.MESSAGE_FORMAT, "2.4": Category.BAD_MAILBOX,
    "3.0": Category.TEMPORARY, "3.1": Category.MAILBOX_FULL, "3.2": Category.TEMPORARY, "3.3": Category.MESSAGE_FORMAT,
    "3.4": Category.MESSAGE_FORMAT, "3.5": Category.SENDER_CONFIG,
    "4.1": Category.TEMPORARY, "4.2": Category.TEMPORARY, "4.3": Category.TEMPORARY, "4.4": Category.BAD_DOMAIN,
    "4.5": Category.RATE_LIMITED, "4.6": Category.TEMPORARY, "4.7": Category.TEMPORARY,
    "5.0": Category.UNKNOWN, "5.3": Category.RATE_LIMITED, "5.4": Category.SENDER_CONFIG,
    "6.0": Category.MESSAGE_FORMAT, "6.1": Category.MESSAGE_FORMAT, "6.7": Category.MESSAGE_FORMAT,
    "7.0": Category.UNKNOWN, "7.1": Category.POLICY_BLOCK, "7.8": Category.SENDER_CONFIG, "7.9": Category.SENDER_CONFIG,
    "7.20": Category.AUTH_FAILED, "7.23": Category.AUTH_FAILED, "7.25": Category.AUTH_FAILED,
    "7.26": Category.AUTH_FAILED, "7.27": Category.AUTH_FAILED, "7.28": Category.REPUTATION_BLOCK,
    "7.139": Category.SENDER_CONFIG, "7.515": Category.AUTH_FAILED,
}  # fmt: skip
# These details are used by servers for many things: their words say more.
_VAGUE = frozenset({"0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "7.0", "7.1", "3.2", "4.1", "4.2", "4.7", "2.1"})
_SIGN_IN = frozenset({530, 534, 535, 538})
_RATHER_SPOKEN = frozenset(
    {Category.REPUTATION_BLOCK, Category.CONTENT_BLOCK, Category.AUTH_FAILED, Category.MAILBOX_FULL}
)


def classify_reply(code: int, enhanced: str, text: str, *, phase: str = "") -> Verdict:
    """Return what a server's refusal means. code 4xx or 5xx; enhanced as "5.1.1" or "".

    A temporary code never becomes "the address does not exist": the server says that it may still change its mind.
    """
    category, evidence = _category(code, enhanced, text)
    if category.suppresses and (code // 100 == 4 or phase == "mail"):
        category = Category.TEMPORARY if code // 100 == 4 else Category.SENDER_CONFIG
    return Verdict(
        kind=Kind.BOUNCE if code // 100 == 5 else Kind.DELAYED,
        category=category,
        evidence=(evidence,),
        status=enhanced,
        confidence=0.3 if category is Category.UNKNOWN else 0.9,
    )


def by_status(status: str) -> tuple[Category, Evidence] | None:
    """Return what an RFC 3463 status says by itself, None where it says nothing definite."""
    detail = status.partition(".")[2]
    category = _ENHANCED.get(detail)
    if category is None or detail in _VAGUE:
        return None
    return category, Evidence("status", f"rfc3463-{detail}", status)


def _category(code: int, enhanced: str, text: str) -> tuple[Category, Evidence]:  # noqa: PLR0911  # one per layer
    if code in _SIGN_IN:
        return Category.SENDER_CONFIG, Evidence("code", "sign-in", str(code))
    definite = by_status(enhanced)
    spoken = by_words(text)
    # Some servers say 5.1.1 and mean a block: clear words about us win over the number.
    if spoken and definite and definite[0].suppresses and not spoken[0].suppresses:
        if spoken[0] in _RATHER_SPOKEN:
            return spoken
        return definite
    found = definite or spoken
    if found:
        return found
    vague = _ENHANCED.get(enhanced.partition(".")[2])
    if vague and vague is not Category.UNKNOWN:
        return vague, Evidence("status", f"rfc3463-{enhanced.partition('.')[2]}", enhanced)
    if code // 100 == 4:
        return Category.TEMPORARY, Evidence("code", "4xx", str(code))
    return Category.UNKNOWN, Evidence("none", "unknown", text[:200])
