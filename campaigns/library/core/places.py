"""Places that a template leaves to whoever uses it, written [[what belongs there]], and filling them in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape

from campaigns.templating.places import PLACE

MOST_PLACES = 20


def places_in(texts: Iterable[str], *, html: str = "") -> list[str]:
    """Return the names of the places in reading order, each once; spaces and case make no difference."""
    names = [name for text in texts for name in PLACE.findall(text)]
    names += [unescape(name) for name in PLACE.findall(html)]
    found: dict[str, str] = {}
    for name in names:
        if key := _key(name):
            found.setdefault(key, _shown(name))
    return list(found.values())


def filled(text: str, words: Mapping[str, str], *, is_html: bool = False) -> str:
    """Return the text with the words in their places; a place without words stays open.

    In HTML the words are escaped, but for quotes, which a variable among them may need.
    """
    wanted = {_key(name): value for name, value in words.items() if value.strip()}

    def put(found: re.Match[str]) -> str:
        name = unescape(found[1]) if is_html else found[1]
        value = wanted.get(_key(name))
        if value is None:
            return found[0]
        return escape(value, quote=False).replace("\n", "<br>") if is_html else value

    return PLACE.sub(put, text)


def _shown(name: str) -> str:
    return " ".join(name.split())


def _key(name: str) -> str:
    return _shown(name).casefold()
