"""How people ask in each language not to be written to again: the rules of data/optout.toml, loaded once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from sending.bounces.phrases import Phrases, phrase, plain_phrase
from sending.bounces.sentences import Words

AND, BUT, SINCE = "and", "but", "since"  # the kinds of words that join
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Tongue:
    """The rules of one language; what each is for stands in data/optout.toml."""

    code: str
    needed: frozenset[str]  # words, also in spellings of their own, without one of which nothing asks for it
    spellings: Mapping[str, Words]
    wishes: Phrases
    alone: Phrases
    unsure: Phrases
    mentions: Phrases
    polite: Phrases
    asks: Phrases
    refusals: Phrases
    joins: Mapping[str, str]  # the kind of each word that joins
    negations: frozenset[str]
    against: Phrases
    invites: Phrases
    eager: Phrases
    harmless: Phrases

    def among(self, known: AbstractSet[str]) -> Tongue:
        """Return the language with those of its ways to ask that may stand in a text of these words."""
        wishes, alone, mentions = (one.among(known) for one in (self.wishes, self.alone, self.mentions))
        return replace(self, wishes=wishes, alone=alone, mentions=mentions)

    def spelled(self, words: Words) -> Words:
        """Return the words as the rules spell them."""
        if self.spellings.keys().isdisjoint(words):
            return words
        return tuple(one for word in words for one in self.spellings.get(word, (word,)))


@cache
def tongues() -> tuple[Tongue, ...]:
    """Return the languages in their order."""
    found = tables()
    fillers = Phrases(plain_phrase(word) for one in found for word in one["fillers"])
    return tuple(_tongue(one, fillers) for one in found)


def tables() -> list[dict[str, Any]]:
    """Return the languages as they are written down."""
    text = (files("sending.bounces") / "data" / "optout.toml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)["language"]
    return found


def _tongue(one: Mapping[str, Any], fillers: Phrases) -> Tongue:
    spellings: Mapping[str, str] = one.get("spellings", {})

    def spelled(written: str) -> str:
        return _WORD.sub(lambda found: spellings.get(found[0], found[0]), written)

    slots = {name: spelled(written) for name, written in one["slots"].items()}

    def phrases(name: str) -> Phrases:
        return Phrases((phrase(spelled(written), slots) for written in one[name]), fillers)

    wishes, alone, mentions = phrases("wishes"), phrases("alone"), phrases("mentions")
    unsure = phrases("unsure")
    needed = {*wishes.needed, *alone.needed, *unsure.needed, *mentions.needed}
    return Tongue(
        code=one["code"],
        needed=frozenset(needed | {word for word, meant in spellings.items() if not needed.isdisjoint(meant.split())}),
        spellings={word: tuple(meant.split()) for word, meant in spellings.items()},
        wishes=wishes,
        alone=alone,
        unsure=unsure,
        mentions=mentions,
        polite=Phrases(plain_phrase(spelled(word)) for word in [*one["polite"], *one["fillers"]]),
        asks=phrases("asks"),
        refusals=phrases("refusals"),
        joins={word: kind for kind in (AND, BUT, SINCE) for word in one[kind]},
        negations=frozenset(one["negations"]),
        against=phrases("against"),
        invites=phrases("invites"),
        eager=phrases("eager"),
        harmless=phrases("harmless"),
    )
