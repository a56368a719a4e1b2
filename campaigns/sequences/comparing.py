"""What changed between two texts: line by line, and word by word in the lines that changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby

# A comparison costs up to the product of both lengths, and much more where the same word stands everywhere.
_MOST_LINES = 600
_MOST_WORDS = 500
_WORDS = re.compile(r"\S+\s*|\s+")


class Kind(StrEnum):
    """What became of a piece of a text."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters that stayed, went or came."""

    kind: Kind
    text: str


def compare(before: str, after: str) -> list[Piece]:
    """Return the pieces of both texts: all but the new ones are the one before, all but the gone the one after."""
    pieces = _by_lines(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [Piece(kind, "".join(one.text for one in run)) for kind, run in groupby(pieces, key=lambda one: one.kind)]


def _by_lines(before: list[str], after: list[str]) -> Iterator[Piece]:
    if len(before) > _MOST_LINES or len(after) > _MOST_LINES:
        yield from _other("".join(before), "".join(after))
        return
    for how, first, last, new_first, new_last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = "".join(before[first:last]), "".join(after[new_first:new_last])
        if how == "equal":
            yield Piece(Kind.SAME, old)
        else:
            yield from _by_words(old, new)


def _by_words(before: str, after: str) -> Iterator[Piece]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) > _MOST_WORDS or len(new) > _MOST_WORDS:
        yield from _other(before, after)
        return
    for how, first, last, new_first, new_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if how == "equal":
            yield Piece(Kind.SAME, "".join(old[first:last]))
        else:
            yield from _other("".join(old[first:last]), "".join(new[new_first:new_last]))


def _other(before: str, after: str) -> Iterator[Piece]:
    if before:
        yield Piece(Kind.GONE, before)
    if after:
        yield Piece(Kind.NEW, after)
