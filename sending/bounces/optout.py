"""Opt-outs in words: a short answer that asks not to be written to, or that may do so."""

from __future__ import annotations

import re

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.machines import is_server
from sending.bounces.mail import Mail
from sending.bounces.quoting import split
from sending.bounces.wishes import wish_in

LAYER = "opt-out"
MENTION = "mention"  # the rule of evidence that somebody may have asked for it: a person decides
# Rules that tell of a mail to the address for opt-outs, not of the words of an answer.
PROGRAM_RULES = frozenset({"x-apple-unsubscribe", "subject"})
_OF_LISTS = ("list-unsubscribe", "list-id", "list-post")
# Behind a "Re:" it is the subject of whoever is answered, but for the word that nobody writes to others.
_SUBJECT = re.compile(
    r"^\s*((re:\s*)?unsubscribe([ +][\w-]{16,64})?|opt[ -]?out|remove|abmelden|stop)\s*$", re.IGNORECASE
)


def asked_by_program(mail: Mail) -> Verdict | None:
    """Return the verdict of an opt-out that a mail program sends when its "unsubscribe" is pressed, else None.

    Such a mail calls itself automatic, and is none the less the wish of a person.
    """
    if mail.header("x-apple-unsubscribe").lower() == "true":
        return _verdict("x-apple-unsubscribe", "true")
    return _verdict("subject", mail.subject) if _SUBJECT.match(mail.subject) else None


def opt_out(mail: Mail) -> Verdict | None:
    """Return the verdict of an opt-out in words, None for anything else.

    What only may be one stays a person's answer, with evidence that says so.
    """
    pieces = split(mail.text[:20_000])
    words = "\n".join([pieces.own, *_below_closing(pieces.signature)]).strip()
    wish = wish_in(words or mail.subject)
    if wish is None:
        return None
    if wish.is_certain:
        return _verdict("words", wish.words)
    if not mail.from_address or is_server(mail) or any(mail.header(name) for name in _OF_LISTS):
        return None  # nobody who could be asked, or the note below each mail of a list
    evidence = Evidence(LAYER, MENTION, wish.words[:200])
    return Verdict(Kind.HUMAN_REPLY, Category.NONE, (evidence,), confidence=0.4)


def _below_closing(signature: str) -> list[str]:
    """Return what stands below "Thanks," where a name is expected: some put their wish there."""
    return [] if signature.startswith("--") else signature.split("\n")[1:2]


def _verdict(rule: str, words: str) -> Verdict:
    return Verdict(Kind.OPT_OUT, Category.NONE, (Evidence(LAYER, rule, words.strip()[:200]),), confidence=0.9)
