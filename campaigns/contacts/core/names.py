"""Propose a name as its owner would write it: case, titles and stray characters. A proposal, never a rule.

Names in mixed case are left alone: McDonald, van der Berg and d'Angelo know best how they are written.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from importlib.resources import files

_WORDS = tomllib.loads((files(__package__) / "names.toml").read_text(encoding="utf-8"))
_TITLES, _DEGREES, _PARTICLES = (frozenset(_WORDS[kind]) for kind in ("titles", "degrees", "particles"))
_NUMERALS = frozenset(["II", "III", "IV", "VI", "VII", "VIII"])
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_EDGES = ' \t,;:|/\\_*~#=+<>"“”„«»!?-–—()[]{}'  # noqa: RUF001  # dashes and quotation marks as files have them
_PARTS = re.compile(r"([-'’])")  # noqa: RUF001
_LONGEST = 200  # characters: more is no name
_INITIALS = 2  # letters: "JJ" and "AL" may be meant so


def tidied(name: str) -> str:
    """Return the name without titles, brackets, degrees and stray characters, and not all in one case.

    A name of which nothing would be left is returned as it is. Doing it twice is doing it once.
    """
    if len(name) > _LONGEST:
        return name
    plain = name
    while (shorter := _BRACKETS.sub(" ", plain)) != plain:  # they may be nested
        plain = shorter
    plain = "".join(" " if _is_stray(character) else character for character in plain)
    words = [word for part in plain.replace(",", " , ").split() if (word := part.strip(_EDGES))]
    while len(words) > 1 and _bare(words[0]) in _TITLES:
        words = words[1:]
    while len(words) > 1 and _bare(words[-1]) in _DEGREES:
        words = words[:-1]
    if not words:
        return name
    is_shouted = all(not word.islower() for word in words) and any(_is_shouted(word) for word in words)
    return " ".join(_cased(word, is_shouted=is_shouted, is_alone=len(words) == 1) for word in words)


def _is_stray(character: str) -> bool:
    """Say whether it is an emoji or another sign that no name is written with."""
    return unicodedata.category(character) in {"So", "Sk", "Cf", "Co", "Cn", "Cs"} or character in "\ufe0f\u20e3"


def _bare(word: str) -> str:
    return word.replace(".", "").casefold()


def _is_shouted(word: str) -> bool:
    return word.isupper() and sum(map(str.isalpha, word)) > _INITIALS and "." not in word


def _cased(word: str, *, is_shouted: bool, is_alone: bool) -> str:
    """Return a word that is all in one case as names are written; others, initials and numerals stay."""
    if word in _NUMERALS or not (word.islower() or _is_shouted(word) or (is_shouted and word.isupper())):
        return word
    small = word.lower()
    if small in _PARTICLES and not is_alone:
        return small if word.islower() or is_shouted else word
    if word.isupper() and not _is_shouted(word):
        return word
    return "".join(_capital(part) for part in _PARTS.split(small))


def _capital(part: str) -> str:
    if part.startswith("mc") and len(part) > 3:
        return f"Mc{part[2:3].title()}{part[3:]}"
    return part[:1].title() + part[1:]  # not upper: "ß" begins no name as "SS"
