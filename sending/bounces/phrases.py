"""Phrases as data, and where they stand in words. Pure; no regular expressions, so that no text makes them slow.

A phrase is a row of places: "[stop|quit] [emailing|writing to] {me}". A place in brackets has one of its options, ""
among them where nothing need stand there; a name in braces is a place, or several, that many phrases share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sending.bounces.sentences import Words, words_of

_PLACE = re.compile(r"\[([^\]]*)\]|([^\[\]\s]+)")
_MOST_IN_A_ROW = 8
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """What may stand at a place: after its first word, the rest of each option."""

    options: Mapping[str, tuple[Words, ...]]
    may_be_empty: bool


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """Places in a row. firsts: words that it may begin with. needed: words of which one stands wherever it does."""

    places: tuple[Place, ...]
    firsts: frozenset[str]
    needed: frozenset[str]


def phrase(written: str, slots: Mapping[str, str]) -> Phrase:
    """Return a phrase as it is looked for. Raises KeyError for a slot that there is not."""
    whole = _SLOT.sub(lambda found: _in_brackets(slots[found[1]]), written)
    return _phrase(tuple(_place((one[1] or one[2] or "").split("|")) for one in _PLACE.finditer(whole)))


def plain_phrase(written: str) -> Phrase:
    """Return a phrase that is nothing but words."""
    return _phrase(tuple(_place([word]) for word in words_of(written)))


class Phrases:
    """Phrases by the words that they may begin with."""

    def __init__(self, phrases: Iterable[Phrase], fillers: Phrases | None = None) -> None:
        """fillers: phrases that may stand between the places of these."""
        self._fillers = fillers
        self._by_first: dict[str, list[Phrase]] = {}
        self._by_needed: dict[str, list[Phrase]] = {}
        for one in phrases:
            for first in one.firsts:
                self._by_first.setdefault(first, []).append(one)
            for word in one.needed:
                self._by_needed.setdefault(word, []).append(one)

    @property
    def needed(self) -> AbstractSet[str]:
        """The words of which one at least stands wherever one of these phrases does."""
        return self._by_needed.keys()

    @property
    def firsts(self) -> AbstractSet[str]:
        """The words that one of these phrases may begin with."""
        return self._by_first.keys()

    def among(self, known: AbstractSet[str]) -> Phrases:
        """Return those that may stand in a text of these words: few, so that it is looked through quickly."""
        near = Phrases((), self._fillers)
        for one in {one for word in known & self.needed for one in self._by_needed[word]}:
            for first in one.firsts & known:
                near._by_first.setdefault(first, []).append(one)
        return near

    def ends(self, words: Words, start: int) -> set[int]:
        """Return where those that begin at a place of the words may end."""
        found: set[int] = set()
        if start < len(words):
            for one in self._by_first.get(words[start], ()):
                found |= self._ends_of(one, words, start)
        return found

    def from_any(self, words: Words, starts: Iterable[int]) -> set[int]:
        """Return where those that begin at any of these places may end."""
        return {end for start in starts for end in self.ends(words, start)}

    def stand_in(self, words: Words) -> bool:
        """Say whether one of them stands anywhere in the words."""
        if self._by_first.keys().isdisjoint(words):
            return False
        return any(word in self._by_first and self.ends(words, start) for start, word in enumerate(words))

    def over(self, words: Words, places: set[int]) -> set[int]:
        """Return the places that are reached from these by some of these phrases in a row, or none."""
        reached, new = places, places
        for _ in range(_MOST_IN_A_ROW):
            begun = [at for at in new if at < len(words) and words[at] in self._by_first]
            new = self.from_any(words, begun) - reached if begun else set()
            if not new:
                break
            reached = reached | new
        return reached

    def _ends_of(self, one: Phrase, words: Words, start: int) -> set[int]:
        places = _behind(one.places[0], words, {start})
        for place in one.places[1:]:
            if self._fillers is not None:
                places = self._fillers.over(words, places)
            places = _behind(place, words, places)
            if not places:
                break
        return places


def without(words: Words, phrases: Phrases) -> Words:
    """Return the words without what these phrases say."""
    left: list[str] = []
    place = 0
    while place < len(words):
        ends = phrases.ends(words, place)
        if ends:
            place = max(ends)
        else:
            left.append(words[place])
            place += 1
    return tuple(left)


def _behind(place: Place, words: Words, starts: set[int]) -> set[int]:
    ends = set(starts) if place.may_be_empty else set()
    for start in starts:
        if start < len(words):
            for rest in place.options.get(words[start], ()):
                end = start + 1 + len(rest)
                if words[start + 1 : end] == rest:
                    ends.add(end)
    return ends


def _place(options: list[str]) -> Place:
    by_first: dict[str, list[Words]] = {}
    may_be_empty = False
    for option in options:
        words = words_of(option)
        if words:
            by_first.setdefault(words[0], []).append(words[1:])
        else:
            may_be_empty = True
    return Place({first: tuple(rests) for first, rests in by_first.items()}, may_be_empty)


def _phrase(places: tuple[Place, ...]) -> Phrase:
    firsts: set[str] = set()
    for place in places:
        firsts |= place.options.keys()
        if not place.may_be_empty:
            break
    fixed = [place.options.keys() for place in places if not place.may_be_empty]
    # Of the place that says most, which its words tell by their length.
    needed = max(fixed, key=lambda words: sum(map(len, words)) / len(words), default=())
    return Phrase(places, frozenset(firsts), frozenset(needed))


def _in_brackets(slot: str) -> str:
    return slot if "[" in slot else f"[{slot}]"
