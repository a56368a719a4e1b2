"""Spin: {Hello|Hi {there|you}} varies the wording, the same way each time for the same seed."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from campaigns.templating.problems import TemplateProblem

_TOKEN = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})|(\\[{}|\\])|([{}|])", re.DOTALL)
MAX_DEPTH = 10

# A text is a list of pieces; a piece is plain text or a choice between texts.
Choice = tuple["Text", ...]
Text = tuple["str | Choice", ...]


def spin(source: str, *, seed: str) -> str:
    """Return the text with each choice drawn by the seed. Template marks stay untouched. Raises TemplateProblem."""
    if "{" not in source and "\\" not in source:
        return source
    counter = [0]

    def draw(text: Text) -> str:
        out = []
        for piece in text:
            if isinstance(piece, str):
                out.append(piece)
                continue
            counter[0] += 1
            digest = hashlib.sha256(f"{seed}:{counter[0]}".encode()).digest()
            out.append(draw(piece[int.from_bytes(digest[:8]) % len(piece)]))
        return "".join(out)

    return draw(_parse(source))


def check_spin(source: str) -> list[TemplateProblem]:
    """Return what is wrong with the choices of a text; empty when it may be used."""
    try:
        _parse(source)
    except TemplateProblem as problem:
        return [problem]
    return []


@lru_cache(maxsize=4096)
def _parse(source: str) -> Text:
    # Each level holds the texts of one choice so far; the last of them is being written.
    stack: list[list[list[str | Choice]]] = [[[]]]
    at = 0
    for found in _TOKEN.finditer(source):
        stack[-1][-1].append(source[at : found.start()])
        at = found.end()
        mark, escaped, sign = found.groups()
        if mark:
            stack[-1][-1].append(mark)
        elif escaped:
            stack[-1][-1].append(escaped[1])
        elif sign == "{":
            stack.append([[]])
            if len(stack) > MAX_DEPTH:
                raise _problem(source, found.start(), "Choices are nested too deeply.")
        elif sign == "|":
            if len(stack) > 1:
                stack[-1].append([])
            else:
                stack[-1][-1].append("|")
        elif len(stack) == 1:
            raise _problem(source, found.start(), "A } closes nothing.", hint="Write \\} for the sign itself.")
        else:
            options = stack.pop()
            stack[-1][-1].append(tuple(tuple(option) for option in options))
    if len(stack) > 1:
        raise _problem(source, len(source), "A { is not closed.", hint="Write {one|other}, or \\{ for the sign itself.")
    return (*stack[0][0], source[at:])


def _problem(source: str, at: int, message: str, *, hint: str = "") -> TemplateProblem:
    line = source.count("\n", 0, at) + 1
    return TemplateProblem(message, line=line, column=at - source.rfind("\n", 0, at), hint=hint, code="spin")
