"""Load the rules that are data, once, and run them on text."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sending.bounces.kinds import Category, Evidence

# Servers put the reason first; what follows is advice and links.
MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One wording and what it means, with its source and an example of ours."""

    id: str
    category: Category
    pattern: re.Pattern[str]
    source: str
    example: str


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules in the order in which they are tried."""
    table = tomllib.loads((files("sending.bounces") / "rules.toml").read_text(encoding="utf-8"))
    return tuple(
        Rule(
            id=one["id"],
            category=Category(one["category"]),
            pattern=re.compile(one["pattern"], re.IGNORECASE),
            source=one["source"],
            example=one["example"],
        )
        for one in table["rule"]
    )


def by_words(text: str) -> tuple[Category, Evidence] | None:
    """Return the category of the first rule whose words stand in the text."""
    text = " ".join(text.split())[:MAX_TEXT]
    for rule in rules():
        found = rule.pattern.search(text)
        if found:
            return rule.category, Evidence("words", rule.id, found[0][:200])
    return None
