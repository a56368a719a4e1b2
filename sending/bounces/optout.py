"""Opt-outs in words: a short answer that asks not to be written to."""

from __future__ import annotations

import re

from sending.bounces.kinds import Category, Evidence, Kind, Verdict
from sending.bounces.mail import Mail
from sending.bounces.quoting import split

_WHOLE = re.compile(
    r"^\W*(please\s+)?(unsubscribe|stop|remove( me)?|opt[ -]?out|no thanks?,? (please )?(remove|unsubscribe)( me)?"
    r"|abmelden|austragen|désinscrire|desinscribir|baja|wypisz( mnie)?|afmelden|cancellami)( please| bitte)?\W*$",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"(take|remove|delete|drop) (me|my (e-?mail|address|name|details)|us) (off|from)"
    r"|unsubscribe (me|us)|please remove me"
    r"|(do not|don't|never) (contact|e-?mail|write( to)?|message) (me|us)"
    r"|stop (e-?mail|contact|writ|messag|send)\w* (me|us)"
    r"|opt (me )?out|no (more|further) (e-?mails|messages)"
    r"|nehmen sie mich (bitte )?(aus|von)|bitte (abmelden|löschen)"
    r"|keine (weiteren |weitere )?(e-?mails|nachrichten|werbung)"
    r"|ne (m'|me )?(contactez|écrivez) plus|retirez[- ]moi|me désinscrire|désinscrivez"
    r"|no me (escriba|contacte|env[ií]e)|darme de baja|quite mi"
    r"|proszę (mnie )?(wypisać|usunąć)|nie (proszę )?pisać|wypisz mnie"
    r"|schrijf mij uit|verwijder mij|geen (verdere )?(e-?mails|berichten)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^\s*(re:\s*)?(unsubscribe([ +][\w-]{16,64})?|opt[ -]?out|remove|abmelden|stop)\s*$", re.IGNORECASE
)
MOST_WORDS = 60
# Rules that tell of a mail to the address for opt-outs, not of the words of an answer.
PROGRAM_RULES = frozenset({"x-apple-unsubscribe", "subject"})


def asked_by_program(mail: Mail) -> Verdict | None:
    """Return the verdict of an opt-out that a mail program sends when its "unsubscribe" is pressed, else None.

    Such a mail calls itself automatic, and is none the less the wish of a person.
    """
    if mail.header("x-apple-unsubscribe").lower() == "true":
        return _verdict("x-apple-unsubscribe", "true")
    return _verdict("subject", mail.subject) if _SUBJECT.match(mail.subject) else None


def opt_out(mail: Mail) -> Verdict | None:
    """Return the verdict of an opt-out, None for anything else. A long answer that mentions one is a human reply."""
    if _SUBJECT.match(mail.subject):
        return _verdict("subject", mail.subject)
    pieces = split(mail.text[:20_000])
    words = "\n".join([pieces.own, *_below_closing(pieces.signature)]).strip()
    if not words or len(words.split()) > MOST_WORDS:
        return None
    found = next((hit for line in words.split("\n") if (hit := _WHOLE.match(line.strip()))), None) or _PHRASE.search(
        words
    )
    return _verdict("words", found[0]) if found else None


def _below_closing(signature: str) -> list[str]:
    """Return what stands below "Thanks," where a name is expected: some put their wish there."""
    return [] if signature.startswith("--") else signature.split("\n")[1:2]


def _verdict(rule: str, words: str) -> Verdict:
    return Verdict(Kind.OPT_OUT, Category.NONE, (Evidence("opt-out", rule, words.strip()[:200]),), confidence=0.9)
