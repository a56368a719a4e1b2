"""The labelled wishes to hear no more (wishes.txt), in two halves, and how a classifier does on them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sending.bounces import Kind, classify_mail, parse_mail


@dataclass(frozen=True, slots=True)
class Answer:
    """A short answer. asks: it asks not to be written to, and nothing else, says its label."""

    asks: bool
    language: str
    text: str

    @property
    def is_check(self) -> bool:
        """It belongs to the half that nobody tunes on: by its words, so that new ones move no others."""
        return bool(hashlib.sha256(self.text.encode()).digest()[0] & 1)


def answers() -> tuple[Answer, ...]:
    """Return the labelled answers in their order."""
    lines = (Path(__file__).parent / "wishes.txt").read_text(encoding="utf-8").splitlines()
    split = (line.split(" ", 2) for line in lines if line[:2] in {"+ ", "- "})
    return tuple(Answer(sign == "+", language, text.replace("\\n", "\n")) for sign, language, text in split)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many answers there are of each label, suppressed by themselves, and left to a person."""

    wishes: int
    suppressed: int
    asked: int
    others: int
    wrongly_suppressed: int
    wrongly_asked: int


def count(found: Iterable[Answer]) -> Counts:
    """Return what classify_mail makes of the answers."""
    told = [(one.asks, *taken_for(one.text)) for one in found]
    return Counts(
        wishes=sum(asks for asks, _, _ in told),
        suppressed=sum(asks and is_one for asks, is_one, _ in told),
        asked=sum(asks and may_be for asks, _, may_be in told),
        others=sum(not asks for asks, _, _ in told),
        wrongly_suppressed=sum(not asks and is_one for asks, is_one, _ in told),
        wrongly_asked=sum(not asks and may_be for asks, _, may_be in told),
    )


def taken_for(text: str) -> tuple[bool, bool]:
    """Return whether an answer suppresses by itself, and whether a person is asked."""
    raw = (
        "From: Anna Berg <anna@kunde.example>\nTo: me@acme.example\nSubject: Re: A question\n"
        f"In-Reply-To: <one@acme.example>\nContent-Type: text/plain; charset=utf-8\n\n{text}"
    )
    verdict = classify_mail(parse_mail(raw.encode()))
    may_be = any((one.layer, one.rule) == ("opt-out", "mention") for one in verdict.evidence)
    return verdict.kind is Kind.OPT_OUT, may_be
