"""Places that a template leaves to whoever uses it, written [[what belongs there]], and filling them in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape

from campaigns.templating.places import PLACE

MOST_PLACES = 20


class Overfull(ValueError):
    """The text with the words in its places would be too long; the text says how long."""


def places_in(texts: Iterable[str], *, html: str = "") -> list[str]:
    """Return the names of the places in reading order, each once; spaces and case make no difference."""
    names = [name for text in texts for name in PLACE.findall(text)]
    names += [unescape(name) for name in PLACE.findall(html)]
    found: dict[str, str] = {}
    for name in names:
        if key := _key(name):
            found.setdefault(key, _shown(name))
    return list(found.values())


def filled(text: str, words: Mapping[str, str], *, most: int, is_html: bool = False) -> str:
    """Return the text with the words in their places; a place without words stays open.

    In HTML the words are escaped, quotes too: cleaning gives a variable among them its own back.
    Raises Overfull, before anything is put in, where the text would have more than `most` characters.
    """
    wanted = {_key(name): value for name, value in words.items() if value.strip()}
    if is_html:
        wanted = {key: escape(value).replace("\n", "<br>") for key, value in wanted.items()}

    def value_of(found: re.Match[str]) -> str:
        name = unescape(found[1]) if is_html else found[1]
        return wanted.get(_key(name), found[0])

    size = len(text) + sum(len(value_of(found)) - len(found[0]) for found in PLACE.finditer(text))
    if size > most:
        raise Overfull(f"With these words it has {size:,} characters; {most:,} is the most.")
    return PLACE.sub(value_of, text)


def _shown(name: str) -> str:
    return " ".join(name.split())


def _key(name: str) -> str:
    return _shown(name).casefold()
