"""What is unknown about a mail, in which words, and what a workspace's rules make of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from campaigns.sequences.states import ReplyClass
from sending.bounces import Category, Mail
from sending.bounces.answers import MOST_WORDS, told_in
from sending.bounces.quoting import split
from sending.bounces.returned import told_by
from sending.bounces.rules import met_by, normal, wordings

LAYER = "workspace"
LEAST = 4  # signs of a rule: fewer would be met by chance
_MASKED = re.compile(r"[^\s<>\"']{1,64}@[^\s<>\"']{1,255}|<[^<>]{0,200}>|https?://\S{1,300}|[0-9a-f]*\d[0-9a-f.:-]*")


class About(StrEnum):
    """What of a mail is not known."""

    BOUNCE = "bounce"  # why a message was not delivered
    ANSWER = "answer"  # what a person's answer says


# What a person may say of each.
MEANINGS: dict[About, tuple[str, ...]] = {
    About.BOUNCE: tuple(
        one.value
        for one in Category
        if one not in {Category.UNKNOWN, Category.NONE, Category.COMPLAINT, Category.AUTO_REPLY, Category.DELIVERED}
    ),
    About.ANSWER: tuple(one.value for one in ReplyClass if one is not ReplyClass.OUT_OF_OFFICE),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Words that a workspace has said the meaning of."""

    pk: int
    about: About
    words: str
    means: str


class BadRule(ValueError):
    """Words that make no rule; its text says why."""


def told(mail: Mail, about: About) -> str:
    """Return the words of a mail that a rule is looked for in; "" where there are none, or too many for a rule."""
    if about is About.BOUNCE:
        reports = " ".join(part.text[:4_000] for part in mail.parts if part.content_type.endswith("delivery-status"))
        return normal(f"{told_by(mail).text[:4_000]} {reports}")
    own = split(mail.text[:20_000]).own
    return told_in(own) if len(own.split()) <= MOST_WORDS else ""


def met(rule: Rule, words: str) -> str:
    """Return the words that meet a rule, "" where none do."""
    (wording,) = wordings([rule.words])
    return met_by(words, wording)


def first(rules: Iterable[Rule], words: str) -> tuple[Rule, str] | None:
    """Return the newest rule that is met, with the words; where two are, the longer one says more."""
    found = [(rule, hit) for rule in rules if (hit := met(rule, words))]
    return max(found, key=lambda one: (len(one[0].words), one[0].pk)) if found else None


def clean(typed: str, means: str, about: About) -> str:
    """Return the words as a rule keeps them. Raises BadRule."""
    words = " ".join(typed.replace("\u2019", "'").lower().split())[:200].strip()
    pieces = [piece.strip() for piece in words.split("*")]
    if means not in MEANINGS[about]:
        raise BadRule("Choose what the words mean.")
    if not words or any(len(piece) < LEAST for piece in pieces):
        raise BadRule(f"A rule needs {LEAST} signs at least, also beside each *.")
    return " * ".join(pieces)


def shape(words: str) -> str:
    """Return the words without what differs from mail to mail: those of one shape are one unknown."""
    return " ".join(_MASKED.sub("…", words).split())[:160]


def grouped(shapes: Sequence[tuple[str, int]]) -> list[tuple[str, list[int]]]:
    """Return (shape, ids) by how many have it, then in their order."""
    groups: dict[str, list[int]] = {}
    for one, pk in shapes:
        groups.setdefault(one, []).append(pk)
    return sorted(groups.items(), key=lambda group: -len(group[1]))
