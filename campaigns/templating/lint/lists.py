"""The lists that the lint knows: data with its sources, read once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


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
def opt_out_words() -> re.Pattern[str]:
    """Return what an opt-out line is known by."""
    return re.compile("|".join(_known()["opt_out"]["words"]), re.IGNORECASE)


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
    return tomllib.loads((files(__package__) / "words.toml").read_text(encoding="utf-8"))
