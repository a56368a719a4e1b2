"""From which template a wording came, version by version.

A use is known by the text that the template became. What is written on top of it has its origin, until a version reads
like another use, or brings back a text from before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A version of a wording: its number, the digest of its text, and the version that it brought back, if any."""

    number: int
    digest: str
    came_from: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The template that a version came from; is_changed: something was written on top of it."""

    template_id: int
    is_changed: bool = False


def digest_of(body_text: str, body_html: str) -> str:
    """Return by what a text is known again; the subject does not count. queries.py reckons the same in the database."""
    return hashlib.sha256(f"{body_text}\x01{body_html}".encode("utf-8", "surrogatepass")).hexdigest()


def origins(texts: Iterable[Text], uses: Mapping[str, int]) -> dict[int, Origin]:
    """Return the origin of each version that has one. uses: the template of each use, by the digest of its text."""
    found: dict[int, Origin] = {}
    before: Origin | None = None
    for text in sorted(texts, key=lambda one: one.number):
        template_id = uses.get(text.digest)
        if template_id is not None:
            before = Origin(template_id)
        elif text.came_from is not None:
            before = found.get(text.came_from)
        elif before is not None:
            before = Origin(before.template_id, is_changed=True)
        if before is not None:
            found[text.number] = before
    return found
