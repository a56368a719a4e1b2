"""Look at a wording as a filter and a reader would: what is likely to hurt it, why, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from campaigns.templating.marks import marks_of
from campaigns.templating.problems import TemplateProblem

LONG_SUBJECT = 70
LONG_BODY = 200
_LINK = re.compile(r"\bhttps?://[^\s<>\"')]+|\bwww\.[^\s<>\"')]+", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b|!\[[^\]\n]{0,200}\]\(|\bdata:image/", re.IGNORECASE)
_FAKE_THREAD = re.compile(r"\s*(?:re|fwd?|aw|wg|tr|sv|rv)\s*(?:\[\d{1,3}\])?\s*:", re.IGNORECASE)
_SHOUT = re.compile(r"\b[A-Z]{4,}\b")
_PUNCTUATION = re.compile(r"[!?]{2}|\uff01|\${2}")
# What other programs call a variable: [First Name], %FIRST_NAME%, <<name>>, *|FNAME|*, ${name}.
_FOREIGN = re.compile(
    r"\[(?:first|last|full|your|company|insert|contact)[ _-]?[a-z_ ]{0,30}\]|%[a-z]+_[a-z_]{1,30}%|<<[a-z][\w ]{0,30}>>"
    r"|\*\|[a-z0-9_:]{1,30}\|\*|\$\{[a-z][\w.]{0,40}\}|\{\{|\}\}|\{%|%\}",
    re.IGNORECASE,
)
# A place that a template of the library leaves to its user.
_OPEN_PLACE = re.compile(r"\[\[[^\[\]\n]{1,80}\]\]")


class Severity(StrEnum):
    """What a finding means for a launch."""

    BLOCK = "block"  # must be mended first
    WARN = "warn"  # costs replies or placement
    NOTE = "note"  # worth a look


@dataclass(frozen=True, slots=True)
class Finding:
    """One weakness of a wording; `code` is for tests and links, the rest for people."""

    code: str
    severity: Severity
    what: str
    why: str
    fix: str


def lint(subject: str, body: str, *, is_first: bool = True) -> list[Finding]:
    """Return the weaknesses of a wording as its author wrote it, or as it was rendered; the gravest first.

    Names and quoted texts inside template marks do not count. `is_first` says that no mail went before it.
    """
    subject, body = _bare(subject), _bare(body)
    found = [*_honesty(subject, is_first=is_first), *_tokens(f"{subject}\n{body}"), *_weight(subject, body)]
    found += _tone(f"{subject}\n{body}")
    return sorted(found, key=lambda one: list(Severity).index(one.severity))


def _bare(source: str) -> str:
    try:
        marks = marks_of(source)
    except TemplateProblem:
        return source
    parts = []
    at = 0
    for mark in marks:
        parts.append(source[at : mark.start])
        parts.append("x" if mark.opening == "{{" else "")
        at = mark.end
    return "".join([*parts, source[at:]])


def _honesty(subject: str, *, is_first: bool) -> Iterator[Finding]:
    if is_first and _FAKE_THREAD.match(subject):
        yield Finding(
            "fake_thread",
            Severity.BLOCK,
            "The first subject pretends to answer or to forward something.",
            "There is no thread yet, and a misleading subject is unlawful (15 USC 7704(a)(2)).",
            "Drop the Re: or Fwd:.",
        )


def _tokens(text: str) -> Iterator[Finding]:
    tokens = sorted({found[0] for found in _FOREIGN.finditer(_OPEN_PLACE.sub("", text))})
    if tokens:
        yield Finding(
            "unrendered_token",
            Severity.BLOCK,
            f"This would be sent as it stands: {', '.join(tokens[:5])}.",
            "Nothing tells a reader faster that a machine wrote.",
            "Write variables as {{ first_name }}.",
        )
    places = sorted({found[0] for found in _OPEN_PLACE.finditer(text)})
    if places:
        yield Finding(
            "open_place",
            Severity.BLOCK,
            f"This is still to be filled in: {', '.join(places[:5])}.",
            "The template left it to you, and it would be sent as it stands.",
            "Write in its place what belongs there.",
        )


def _weight(subject: str, body: str) -> Iterator[Finding]:
    links = len(_LINK.findall(body))
    if links > 1:
        why = "Filters count links, and a first mail with several looks like a newsletter."
        yield Finding("links", Severity.WARN, f"The text has {links} links.", why, "Keep one at most.")
    if _IMAGE.search(body):
        why = "Images weigh on the score of a first mail, and many programs hide them."
        yield Finding("image", Severity.WARN, "The text holds an image.", why, "Say it in words.")
    if len(subject) > LONG_SUBJECT:
        what = f"The subject has {len(subject)} characters."
        why = "Telephones show about 40 of them."
        yield Finding("long_subject", Severity.NOTE, what, why, f"Keep it under {LONG_SUBJECT}.")
    if (words := len(body.split())) > LONG_BODY:
        why = "Cold mails are read when they take less than a minute."
        yield Finding("long_body", Severity.NOTE, f"The text has {words} words.", why, "Aim for 50 to 120.")


def _tone(text: str) -> Iterator[Finding]:
    shouted = sorted(set(_SHOUT.findall(text)))
    if len(shouted) > 1:
        what = f"Words in capitals: {', '.join(shouted[:5])}."
        yield Finding("shouting", Severity.WARN, what, "It reads as shouting, to filters too.", "Use small letters.")
    if _PUNCTUATION.search(text):
        what = "Doubled exclamation marks, question marks or dollar signs."
        yield Finding("punctuation", Severity.WARN, what, "It is a mark of junk mail.", "One is enough.")
