"""The lists that the lint knows: data with its sources, read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_NAMED = re.compile(r"<(\w+)>")
_COMMA = r"(?: ?[,;:\u2013\u2014]| -)? "  # between the parts of a sentence


@dataclass(frozen=True, slots=True)
class Group:
    """Words of one kind, why they hurt, and what to write instead."""

    code: str
    name: str
    words: re.Pattern[str]
    why: str
    fix: str


@cache
def spam_groups() -> tuple[Group, ...]:
    """Return the groups of words that filters and readers mistrust."""
    return tuple(
        Group(one["code"], one["name"], _anywhere(one["words"]), one["why"], one["fix"]) for one in _known()["spam"]
    )


@cache
def opt_out_sentence() -> re.Pattern[str]:
    """Return what fits a whole sentence that says how to hear no more, in one of the languages of opt_out.toml."""
    shapes = (_shapes(_filled(table)) for table in _read("opt_out.toml").values())
    return re.compile("|".join(shape for some in shapes for shape in some), re.IGNORECASE)


@cache
def shorteners() -> frozenset[str]:
    """Return the hosts that hide where a link leads."""
    return frozenset(_known()["shorteners"]["hosts"])


@cache
def thread_marks() -> tuple[str, ...]:
    """Return what stands before the subject of an answer or of a forwarded mail, without its colon."""
    return tuple(_known()["thread_marks"]["marks"])


@cache
def lookalikes() -> dict[str, str]:
    """Return the Latin letter that a letter of another alphabet looks like; both are small."""
    return dict(_known()["lookalikes"])


def _anywhere(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


@cache
def _known() -> dict[str, Any]:
    return _read("words.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))


def _filled(table: Mapping[str, str | list[str]]) -> dict[str, str]:
    """Return the patterns of a language, with those that they name in their place; they name only earlier ones."""
    known: dict[str, str] = {}
    for name, value in table.items():
        pattern = value if isinstance(value, str) else f"(?:{'|'.join(value)})"
        known[name] = _NAMED.sub(lambda match: known[match[1]], pattern)
    return known


def _shapes(known: Mapping[str, str]) -> Iterator[str]:
    """Yield the shapes of a sentence, see opt_out.toml."""
    wish, act, result = known["wish"], known["act"], known["result"]
    end = f"(?:{result}|{known['close']})" if "close" in known else result
    yield f"{wish}{_COMMA}{act}(?:{_COMMA}{end})?"
    yield f"{act}{_COMMA}{wish}(?:{_COMMA}{end})?"
    yield f"(?:{known['weak']}{_COMMA})?{act}{_COMMA}{result}"
