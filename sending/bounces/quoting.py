"""Split the text of an answer: what its writer added, their signature, and what was written before. Pure, bounded.

Line by line, with plain words (data/quotes.toml): the libraries for this search hostile text with nested patterns, see
docs/decisions/splitting-answers.md. What cannot be told apart stays with the writer's own words, so that nothing that
somebody has said is hidden.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MAX_TEXT = 100_000  # characters that are split; what lies behind them belongs to what was written before
_MAX_LINES = 4_000
_ATTRIBUTION = 300  # characters of a line that names who wrote what follows, broken into three lines at most
_BROKEN_INTO = 3
_HEADERS_IN_A_ROW = 3
_SIGNATURE_LINES = 14
_MOST_SIGNED = 60  # lines, empty ones too
_SHORT = 90  # characters of a line of a signature
_NAME_WORDS, _BARE_NAME, _SENTENCE_WORDS = 6, 2, 6
_RULED = re.compile(r"[-_=*\s>]{0,80}")
_HEADER = re.compile(r"[*_\s]{0,4}([^\W\d][^:*\n]{0,20}?)[*_\s]{0,4}[:\uff1a]")
_MANY_BREAKS = re.compile(r"\n{3,}")
_DASHES = re.compile(r"--\s?")


@dataclass(frozen=True, slots=True)
class Pieces:
    """The text of an answer in three, each without empty lines around it."""

    own: str
    signature: str
    quoted: str


@dataclass(frozen=True, slots=True)
class _Words:
    wrote: tuple[str, ...]
    separators: tuple[str, ...]
    headers: frozenset[str]
    closings: frozenset[str]
    added: tuple[str, ...]


def split(text: str) -> Pieces:
    """Return the pieces of an answer. What stands between quoted lines is the writer's own."""
    lines = text[:MAX_TEXT].split("\n", _MAX_LINES)
    rest = [*(lines[_MAX_LINES:]), text[MAX_TEXT:]]
    lines = lines[:_MAX_LINES]
    own, quoted = _own_and_quoted(lines)
    place = _signature_at(own)
    signature = own[place:]
    return Pieces(_joined(own[:place]), _joined(signature), _joined([*quoted, *rest]))


def _own_and_quoted(lines: list[str]) -> tuple[list[str], list[str]]:
    own: list[str] = []
    quoted: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if line.lstrip().startswith(">"):
            quoted.append(line)
            place += 1
            continue
        broken_into = _attribution(lines, place)
        if broken_into and _is_marked(lines, place + broken_into):
            quoted += lines[place : place + broken_into]
            place += broken_into
        elif broken_into or _begins_the_rest(lines, place):
            # Nothing marks its lines, so that it reaches to the end. An answer that is only a quote is shown whole.
            return own, [*quoted, *lines[place:]]
        else:
            own.append(line)
            place += 1
    return own, quoted


def _attribution(lines: list[str], place: int) -> int:
    """Return into how many lines the words "on ... somebody wrote:" are broken here, 0 where none are."""
    told = ""
    for count in range(1, _BROKEN_INTO + 1):
        if place + count > len(lines):
            return 0
        line = lines[place + count - 1].strip()
        if not line or line.startswith(">"):
            return 0
        told = f"{told} {line}".strip()
        if len(told) > _ATTRIBUTION:
            return 0
        if told.endswith((":", "\uff1a")):
            lower = told.lower()
            is_one = any(sign.isdigit() for sign in told) and any(word in lower for word in _words().wrote)
            return count if is_one else 0
    return 0


def _is_marked(lines: list[str], place: int) -> bool:
    """Say whether the next line with words is marked as quoted."""
    return next((line.lstrip().startswith(">") for line in lines[place : place + 6] if line.strip()), False)


def _begins_the_rest(lines: list[str], place: int) -> bool:
    line = lines[place].strip()
    if not line:
        return False
    bare = line.strip("-_=*>• \t").lower().rstrip(":")
    if len(bare) < _SHORT and bare.startswith(_words().separators) and (line[0] in "-_=*" or line.endswith(":")):
        return True
    if _RULED.fullmatch(line) and len(line) >= 10:  # a ruled line alone is nothing yet
        return _headers_from(lines, place + 1)
    return _headers_from(lines, place)


def _headers_from(lines: list[str], place: int) -> bool:
    """Say whether headers of a mail stand here, one below the other, as Outlook quotes it."""
    found = 0
    for line in lines[place : place + 8]:
        if not line.strip():
            if found:
                break
            continue
        name = _HEADER.match(line)
        if name is None or name[1].strip().lower() not in _words().headers:
            break
        found += 1
    return found >= _HEADERS_IN_A_ROW


def _signature_at(own: list[str]) -> int:
    """Return the line where the signature begins, the number of lines where there is none."""
    end = len(own)
    for place, line in enumerate(own):
        stripped = line.strip()
        lower = stripped.lower()
        if _DASHES.fullmatch(line.rstrip("\r")) or lower.startswith(_words().added):
            return place
        is_closing = lower.rstrip(",.!;: ") in _words().closings and end - place <= _MOST_SIGNED
        if is_closing and any(one.strip() for one in own[:place]) and _is_signature(own[place + 1 :]):
            return place
    return end


def _is_signature(lines: list[str]) -> bool:
    """Say whether so few lines follow, none of them a sentence, that they only say who writes; the first is a name."""
    told = [line.strip() for line in lines if line.strip()]
    before = next((n for n, line in enumerate(told) if line.lower().startswith(_words().added)), len(told))
    told = told[:before]
    if len(told) > _SIGNATURE_LINES or any(_is_sentence(line) for line in told):
        return False
    return not told or _is_name(told[0])


def _is_name(line: str) -> bool:
    words = line.split()
    return len(words) <= _NAME_WORDS and (len(words) <= _BARE_NAME or line[0].isupper()) and line[-1] not in ".!"


def _is_sentence(line: str) -> bool:
    return len(line) > _SHORT or "?" in line or (line[-1] in ".!" and len(line.split()) >= _SENTENCE_WORDS)


def _joined(lines: list[str]) -> str:
    return _MANY_BREAKS.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip()


@cache
def _words() -> _Words:
    table = tomllib.loads((files("sending.bounces") / "data" / "quotes.toml").read_text(encoding="utf-8"))
    return _Words(
        wrote=tuple(table["wrote"]),
        separators=tuple(table["separators"]),
        headers=frozenset(table["headers"]),
        closings=frozenset(table["closings"]),
        added=tuple(table["added"]),
    )
