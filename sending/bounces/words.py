"""The plain words by which reports without a standard are known, as data, and how they are looked for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Notices:
    """Words in lower case; what each list is for stands in data/notices.toml."""

    subjects: tuple[str, ...]
    openings: tuple[str, ...]
    failures: tuple[str, ...]
    products: tuple[str, ...]
    senders: tuple[str, ...]
    robots: tuple[str, ...]
    originals: tuple[str, ...]
    delays: tuple[str, ...]
    deliveries: tuple[str, ...]
    phrases: tuple[str, ...]
    challengers: tuple[str, ...]
    proofs: tuple[str, ...]
    kept: tuple[str, ...]
    challenging: tuple[str, ...]


@cache
def notices() -> Notices:
    """Return the lists of data/notices.toml."""
    table = tomllib.loads((files("sending.bounces") / "data" / "notices.toml").read_text(encoding="utf-8"))
    return Notices(**{name: tuple(words) for name, words in table.items()})


def met(text: str, words: tuple[str, ...]) -> str:
    """Return the first of the words that stands in the text, "" where none does."""
    return next((one for one in words if one in text), "")


def first_of(text: str, words: tuple[str, ...]) -> int:
    """Return the earliest place of any of the words, -1 where none stands in the text."""
    return min((place for one in words if (place := text.find(one)) >= 0), default=-1)
