"""Load the rules that are data, once, and run them on text.

A rule is a list of wordings, no regular expression: text that somebody else chose is searched for plain words only, in
time that grows with its length and nothing else. " * " in a wording stands for at most 80 characters.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from operator import itemgetter

from sending.bounces.kinds import Category, Evidence, Verdict

# Servers put the reason first; what follows is advice and links.
MAX_TEXT = 2_000
_KEY = 4  # signs; some Chinese words have fewer
GAP = 80  # characters that " * " stands for at most
LAYERS = ("providers", "wordings", "languages")
_CODE = re.compile(r"(?<!\S)(?:<<< )?([45]\d\d)[- ](?:[245]\.\d{1,3}\.\d{1,3} )?")
_STRAIGHT = str.maketrans("\u2019\u2018\u201c\u201d\u00a0", "''\"\" ")
Wording = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Wordings that mean the same, with their source and an example of ours. A hint counts where no wording is met."""

    id: str
    layer: str
    category: Category
    words: tuple[Wording, ...]
    hints: tuple[Wording, ...]
    source: str
    example: str
    resets_h: int = 0  # of a quota of whoever sends: when it is whole again at the latest


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules in the order in which they are tried."""
    return tuple(rule for layer in LAYERS for rule in _layer(layer))


def _layer(layer: str) -> Iterator[Rule]:
    table = tomllib.loads((files("sending.bounces") / "data" / f"{layer}.toml").read_text(encoding="utf-8"))
    for one in table["rule"]:
        yield Rule(
            id=one["id"],
            layer=layer,
            category=Category(one["category"]),
            words=wordings(one.get("words", ())),
            hints=wordings(one.get("hints", ())),
            source=one["source"],
            example=one["example"],
            resets_h=one.get("resets_h", 0),
        )


def wordings(written: Sequence[str]) -> tuple[Wording, ...]:
    """Return wordings as they are looked for; " * " in one stands for at most GAP signs."""
    return tuple(tuple(re.split(r" ?\* ?", one)) for one in written)


def quota_wait(verdict: Verdict) -> timedelta | None:
    """Return how long a mailbox waits whose own quota at its provider is used up; None where it is not about that."""
    if verdict.category is not Category.RATE_LIMITED:
        return None
    met = {one.rule for one in verdict.evidence}
    hours = max((rule.resets_h for rule in rules() if rule.resets_h and rule.id in met), default=0)
    return timedelta(hours=hours) if hours else None


def normal(text: str) -> str:
    """Return the text as the rules know it: in lower case, straight quotes, single spaces, cut, a space around it.

    A reply of several lines repeats its code on each, wherever that breaks a sentence: the repeats are left out.
    """
    text = text[: MAX_TEXT * 4]
    if not text.isascii():
        text = text.translate(_STRAIGHT)
    words = text.replace("`", "'").lower().split()
    told = f" {' '.join(words)[:MAX_TEXT]} "
    first = _CODE.search(told)
    if first is None:
        return told
    rest = _CODE.sub(lambda found: "" if found[1] == first[1] else found[0], told[first.end() :])
    return told[: first.end()] + rest


def by_words(text: str) -> tuple[Category, Evidence] | None:
    """Return the category of the first rule with a wording in the text, None where there is none."""
    found = _first(normal(text), _index("words"))
    return (found[0].category, Evidence(found[0].layer, found[0].id, found[1])) if found else None


def by_hints(text: str) -> tuple[Category, Evidence] | None:
    """Return the category of the first rule with a hint in the text: words that often mean it, and not always."""
    found = _first(normal(text), _index("hints"))
    return (found[0].category, Evidence("hints", found[0].id, found[1])) if found else None


@cache
def _index(kind: str) -> dict[str, list[tuple[int, Rule, Wording]]]:
    """Return all wordings by the signs that they begin with, in the order of rules; the shorter ones under ""."""
    index: dict[str, list[tuple[int, Rule, Wording]]] = {}
    every = ((rule, wording) for rule in rules() for wording in (rule.words if kind == "words" else rule.hints))
    for place, (rule, wording) in enumerate(every):
        key = wording[0][:_KEY]
        index.setdefault(key if len(key) == _KEY else "", []).append((place, rule, wording))
    return index


def _first(told: str, index: dict[str, list[tuple[int, Rule, Wording]]]) -> tuple[Rule, str] | None:
    """Return the first rule in order that the text meets: only wordings that begin like some place of it are tried."""
    keys = index.keys() & {told[place : place + _KEY] for place in range(len(told))}
    tried = sorted((one for key in (*keys, "") for one in index.get(key, ())), key=itemgetter(0))
    return next(((rule, met) for _, rule, wording in tried if (met := met_by(told, wording))), None)


def met_by(told: str, wording: Wording) -> str:
    """Return the words that meet the wording, "" where none do."""
    start = told.find(wording[0])
    while start >= 0:
        end = start + len(wording[0])
        for piece in wording[1:]:
            found = told.find(piece, end, end + GAP + len(piece))
            if found < 0:
                break
            end = found + len(piece)
        else:
            return told[start:end].strip()[:200]
        start = told.find(wording[0], start + 1)
    return ""
