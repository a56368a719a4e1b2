"""Challenges: a recipient's program keeps our message until whoever wrote proves to be a person. Pure.

They are no answer, no absence and no failure. Nobody here follows their links or answers them by itself: a program that
did would be the one they ask about, and whoever forges our address could have us answer strangers.
"""

from __future__ import annotations

import re

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail
from sending.bounces.returned import told_by
from sending.bounces.words import met, notices

_NEAR = 4_000  # characters within which it says what it is
_WAY = re.compile(
    r"https?://|\breply\b|\banswer\b|antwort|répond|respond|rispond|odpow|clique|klick|click", re.IGNORECASE
)
_HEADERS = ("x-boxbe-challenge", "x-spamarrest-challenge", "x-ask-info", "x-tmda-confirm", "x-challenge-response")


def challenge(mail: Mail) -> Verdict | None:
    """Return the verdict of a challenge, None for anything else.

    The words of one of the products that send them do; else it has to say that our message is kept, ask for a proof,
    name the way, and come from a machine or from whom we wrote to, as no answer with words of their own.
    """
    for name in _HEADERS:
        if mail.header(name):
            return _verdict(mail, name, mail.header(name)[:100])
    told = _own(mail)
    if words := met(told, notices().challengers):
        return _verdict(mail, "product", words)
    asks, keeps = met(told, notices().proofs), met(told, notices().kept)
    if asks and keeps and _WAY.search(told) and _is_by_machine(mail):
        return _verdict(mail, "words", f"{keeps} ... {asks}")
    return None


def _own(mail: Mail) -> str:
    """Return what the mail says itself, in lower case: nothing quoted, and nothing of the message that it brings."""
    text = told_by(mail).text[:_NEAR]
    lines = (line for line in text.splitlines() if not line.lstrip().startswith((">", "|")))
    return " ".join(f"{mail.subject} {' '.join(lines)}".replace("\u2019", "'").lower().split())


def _is_by_machine(mail: Mail) -> bool:
    submitted = mail.header("auto-submitted").lower()
    return (
        bool(submitted and not submitted.startswith("no"))
        or mail.header("precedence").lower() in {"bulk", "junk", "auto_reply", "list"}
        or mail.header("return-path").strip() == "<>"
        or mail.from_address.lower().startswith(notices().challenging)
        or any(mail.header(name) for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress"))
    )


def _verdict(mail: Mail, rule: str, words: str) -> Verdict:
    ids = tuple(one for one in told_by(mail).message_ids if one != mail.message_id)
    return Verdict(
        Kind.CHALLENGE,
        Category.AUTO_REPLY,
        (Evidence("challenge", rule, words),),
        original_message_ids=ids,
        confidence=0.9,
    )
