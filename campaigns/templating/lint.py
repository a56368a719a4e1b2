"""Look at a wording as a filter and a reader would: what is likely to hurt it, and how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_SHOUT = re.compile(r"\b[A-Z]{4,}\b")
_FAKE_THREAD = re.compile(r"^\s*(re|fwd?|aw|wg|tr)\s*:", re.IGNORECASE)
LONG_SUBJECT = 70
MANY_WORDS = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One weakness: `code` for tests and links, words for people."""

    code: str
    words: str
    fix: str


def lint(subject: str, body: str, *, is_first: bool) -> list[Finding]:
    """Return the weaknesses of a wording, the gravest first."""
    found = []
    if is_first and _FAKE_THREAD.match(subject):
        fix = "Drop the Re: or Fwd:; there is no thread yet, and pretending one is deceptive (15 USC 7704(a)(2))."
        found.append(Finding("fake_thread", "The first subject pretends to answer something.", fix))
    links = len(_LINK.findall(body))
    if links > 1:
        found.append(Finding("links", f"{links} links.", "One link at most in a first message."))
    if len(subject) > LONG_SUBJECT:
        found.append(Finding("long_subject", f"The subject has {len(subject)} characters.", "Keep it under 70."))
    if len(body.split()) > MANY_WORDS:
        found.append(Finding("long_body", f"{len(body.split())} words.", "Cold messages are read under 120 words."))
    if len(_SHOUT.findall(f"{subject} {body}")) > 1:
        found.append(Finding("shouting", "Several words in capitals.", "Write them in small letters."))
    if "!!" in subject + body or "??" in subject + body:
        found.append(Finding("punctuation", "Doubled exclamation or question marks.", "One is enough."))
    return found
