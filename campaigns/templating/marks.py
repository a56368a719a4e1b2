"""Where the marks of a template stand: {{ ... }}, {% ... %} and {# ... #}, found in one pass.

Spin must leave them alone, and a problem inside one is shown with its line and column.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.templating.problems import TemplateProblem

# More than any letter has; a limit on marks is a limit on everything that is done for each of them.
MAX_MARKS = 1_000
MAX_MARK = 4_000  # characters of one: what is longer is refused before a parser takes it apart
_WORD = 60  # characters of a word that are looked for

_OPENING = re.compile(r"\{[{%#]")
_STRING = r"""'[^'\\]*(?:\\.[^'\\]*)*(?:'|\\?\Z)|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)"""
_STRINGS = re.compile(_STRING, re.DOTALL)
_CLOSING = {
    "{{": re.compile(rf"{_STRING}|(\}}\}})", re.DOTALL),
    "{%": re.compile(rf"{_STRING}|(%\}})", re.DOTALL),
    "{#": re.compile(r"(#\})"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """source[start:end] is one mark with its braces; `opening` is "{{", "{%" or "{#"."""

    start: int
    end: int
    opening: str


def marks_of(source: str) -> list[Mark]:
    """Return the marks in order. Raises TemplateProblem at one never closed or too long, and at one too many."""
    return list(_marks(source))


def _marks(source: str) -> Iterator[Mark]:
    at = 0
    count = 0
    while opened := _OPENING.search(source, at):
        count += 1
        if count > MAX_MARKS:
            raise TemplateProblem(f"A text may hold {MAX_MARKS:,} template marks at most.", code="too_complex")
        opening = opened[0]
        at = _end(source, opened.start(), opening)
        if at - opened.start() > MAX_MARK and opening != "{#":
            line, column = place(source, opened.start())
            words = f"This {opening} has {at - opened.start():,} characters; {MAX_MARK:,} is the most."
            raise TemplateProblem(words, line=line, column=column, code="too_complex")
        yield Mark(opened.start(), at, opening)


def _end(source: str, start: int, opening: str) -> int:
    for found in _CLOSING[opening].finditer(source, start + 2):
        if found[1]:
            return found.end()
    line, column = place(source, start)
    closing = {"{{": "}}", "{%": "%}", "{#": "#}"}[opening]
    hint = f"Write {closing} where it ends."
    raise TemplateProblem(f"This {opening} is never closed.", line=line, column=column, hint=hint)


def place(source: str, at: int) -> tuple[int, int]:
    """Return line and column, both from 1, of an index."""
    return source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)


def prints(source: str, name: str) -> bool:
    """Say whether a text has a mark that prints a variable, whatever stands around it; no for an unreadable text."""
    word = re.compile(r"(?<![\w.])" + r"\s*\.\s*".join(map(re.escape, name.split("."))) + r"(?![\w.])")
    try:
        return any(mark.opening == "{{" and word.search(source, mark.start, mark.end) for mark in _marks(source))
    except TemplateProblem:
        return False


class Finder:
    """Finds where in the marks of one source a word stands, quoted texts left out."""

    def __init__(self, source: str, marks: list[Mark]) -> None:
        self._source = source
        self._marks = [mark for mark in marks if mark.opening != "{#"]
        self._starts = [0, *(found.end() for found in re.finditer("\n", source))]

    def all(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield line and column of each use of a variable; a dotted name may be written with spaces."""
        word = re.compile(r"(?<![\w.])" + r"\s*\.\s*".join(map(re.escape, name.split("."))) + r"(?!\w)")
        for mark in self._marks:
            for found in word.finditer(self._bare(mark)):
                yield self._place(mark.start + found.start())

    def column(self, line: int, word: str) -> int:
        """Return the column of a word in the marks of a line; of the first mark there when it is not found."""
        first, last = self._starts[line - 1], (*self._starts, len(self._source) + 1)[line]
        there = [mark for mark in self._marks if mark.start < last and mark.end > first]
        for mark in there if word else ():
            at = mark.start + self._bare(mark).find(word[:_WORD], max(0, first - mark.start))
            if max(first, mark.start) <= at < last:
                return at - first + 1
        return max(1, there[0].start - first + 1) if there else 1

    def _bare(self, mark: Mark) -> str:
        return _STRINGS.sub(lambda quoted: " " * len(quoted[0]), self._source[mark.start : mark.end])

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1
