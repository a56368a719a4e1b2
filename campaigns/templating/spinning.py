"""Spin: {Hello|Hi {there|you}} varies the wording, the same way each time for the same seed."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from campaigns.templating.marks import Mark, marks_of, place
from campaigns.templating.problems import TemplateProblem

MAX_DEPTH = 10
MAX_CHOICES = 500
MAX_SOURCE = 64_000

# \{, \| and \} are the signs themselves; a backslash elsewhere is a backslash.
_SIGN = re.compile(r"\\([{}|])|([{}|])")

# A text is a list of pieces; a piece is plain text, a mark of a template, or a choice between texts.
Choice = tuple["Text", ...]
Text = tuple["str | Mark | Choice", ...]


def spin(source: str, *, seed: str) -> str:
    """Return the text with each choice drawn by the seed. Template marks stay untouched. Raises TemplateProblem."""
    if not any(sign in source for sign in "{}\\"):
        return source
    return _constant(source) or _drawn(source, seed)


def has_choices(source: str) -> bool:
    """Say whether a text may read differently for different seeds. Raises TemplateProblem."""
    return any(isinstance(piece, tuple) for piece in _parsed(source))


def pieces_of(source: str) -> Text:
    """Return a text as it is put together: what always stands there, marks, and choices. Raises TemplateProblem."""
    return _parsed(source)


@lru_cache(maxsize=1_000)
def _constant(source: str) -> str:
    """Return what a text without a choice always reads, "" where there is one: most texts vary nothing."""
    return "" if has_choices(source) else _drawn(source, "")


def _drawn(source: str, seed: str) -> str:
    drawing = _Drawing(source, seed)
    made = drawing.draw(_parsed(source))
    if not _holds(made, tuple(drawing.marks)):
        raise TemplateProblem("The choices put braces side by side that make a new template mark.", code="spin")
    return made


@lru_cache(maxsize=500)
def _holds(made: str, marks: tuple[str, ...]) -> bool:
    """Say whether these are the marks of the text and there is no other: a few texts are drawn again and again."""
    return tuple(made[mark.start : mark.end] for mark in marks_of(made)) == marks


def check_spin(source: str) -> list[TemplateProblem]:
    """Return what is wrong with the choices of a text; empty when it may be used, or when its marks are broken.

    A broken mark is not a matter of choices: `check` tells of it.
    """
    try:
        marks_of(source)
    except TemplateProblem:
        return []
    try:
        _parsed(source)
        spin(source, seed="")
    except TemplateProblem as problem:
        return [problem]
    return []


class _Drawing:
    """One walk through the choices of a text."""

    def __init__(self, source: str, seed: str) -> None:
        self._source = source
        self._seed = seed
        self._count = 0
        self.marks: list[str] = []

    def draw(self, text: Text) -> str:
        made = []
        for piece in text:
            if isinstance(piece, str):
                made.append(piece)
            elif isinstance(piece, Mark):
                self.marks.append(self._source[piece.start : piece.end])
                made.append(self.marks[-1])
            else:
                self._count += 1
                digest = hashlib.sha256(f"{self._seed}:{self._count}".encode()).digest()
                made.append(self.draw(piece[int.from_bytes(digest[:8]) % len(piece)]))
        return "".join(made)


@lru_cache(maxsize=256)
def _parsed(source: str) -> Text:
    if len(source) > MAX_SOURCE:
        raise TemplateProblem(f"The text has {len(source):,} characters; {MAX_SOURCE:,} is the most.", code="too_long")
    parser = _Parser(source)
    at = 0
    for mark in marks_of(source):
        parser.read(at, mark.start)
        parser.put(mark)
        at = mark.end
    parser.read(at, len(source))
    return parser.finished()


class _Parser:
    """Reads the stretches between the marks, from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        # Each level holds the texts of one choice so far; the last of them is being written.
        self._levels: list[list[list[str | Mark | Choice]]] = [[[]]]
        self._opened: list[int] = []
        self._choices = 0

    def read(self, start: int, end: int) -> None:
        at = start
        for found in _SIGN.finditer(self._source, start, end):
            self.put(self._source[at : found.start()])
            at = found.end()
            if found[1]:
                self.put(found[1])
            elif found[2] == "{":
                self._open(found.start())
            elif found[2] == "}":
                self._close(found.start())
            elif self._opened:
                self._levels[-1].append([])
            else:
                self.put("|")
        self.put(self._source[at:end])

    def put(self, piece: str | Mark | Choice) -> None:
        if piece != "":
            self._levels[-1][-1].append(piece)

    def finished(self) -> Text:
        if self._opened:
            hint = "Write {one|other}, or \\{ for the sign itself."
            raise _problem(self._source, self._opened[-1], "This { is not closed.", hint=hint)
        return tuple(self._levels[0][0])

    def _open(self, at: int) -> None:
        self._opened.append(at)
        self._levels.append([[]])
        self._choices += 1
        if len(self._opened) > MAX_DEPTH:
            raise _problem(self._source, at, f"Choices are nested more than {MAX_DEPTH} deep.")
        if self._choices > MAX_CHOICES:
            raise _problem(self._source, at, f"A text may hold {MAX_CHOICES} choices at most.")

    def _close(self, at: int) -> None:
        if not self._opened:
            raise _problem(self._source, at, "This } closes nothing.", hint="Write \\} for the sign itself.")
        options = self._levels.pop()
        opened = self._opened.pop()
        if len(options) == 1:
            inside = self._source[opened + 1 : at].strip()
            name = inside if re.fullmatch(r"[A-Za-z][\w.]{0,63}", inside) else "first_name"
            hint = f"Write {{one|other}} for a choice, {{{{ {name} }}}} for a variable, \\{{ for the sign itself."
            raise _problem(self._source, opened, "This choice has one wording only.", hint=hint)
        self.put(tuple(tuple(option) for option in options))


def _problem(source: str, at: int, message: str, *, hint: str = "") -> TemplateProblem:
    line, column = place(source, at)
    return TemplateProblem(message, line=line, column=column, hint=hint, code="spin")
