"""What a reader and a filter see of an HTML part: its text, its links, its pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from itertools import islice

import nh3

MOST_TAGS = 4_000
_KEPT = {
    "a",
    "img",
    "p",
    "br",
    "div",
    "b",
    "i",
    "strong",
    "em",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "td",
    "h1",
    "h2",
    "h3",
}
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}}
_SCHEMES = {"http", "https", "mailto", "tel", "data", "ftp"}


@dataclass(frozen=True, slots=True)
class Link:
    """One link: where it leads, and what stands on it."""

    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """One picture: where it comes from, and what stands for it."""

    source: str
    alt: str


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML part as it is read."""

    text: str = ""
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()


@lru_cache(maxsize=64)
def page_of(html: str) -> Page:
    """Return what an HTML part shows. Whatever it holds: it is cleaned by a parser that is made for hostile pages."""
    if not html.strip():
        return Page()
    reader = _Reader()
    reader.feed(nh3.clean(_bounded(html), tags=_KEPT, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None))
    reader.close()
    return Page(" ".join("".join(reader.text).split()), tuple(reader.links), tuple(reader.images))


def _bounded(html: str) -> str:
    """Return as much of a part as a letter has: reading tags that nest without end takes the square of their number."""
    found = islice(re.finditer("<", html), MOST_TAGS, None)
    return html[: one.start()] if (one := next(found, None)) else html


class _Reader(HTMLParser):
    """Reads what nh3 has written: every tag is closed, every attribute quoted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.links: list[Link] = []
        self.images: list[Image] = []
        self._target: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in values:
            self._target, self._words = values["href"], []
        elif tag == "img":
            self.images.append(Image(values.get("src", ""), values.get("alt", "").strip()))
        elif tag not in {"b", "i", "strong", "em"}:
            self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._target is not None:
            self.links.append(Link(self._target, " ".join("".join(self._words).split())))
            self._target = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._target is not None:
            self._words.append(data)
