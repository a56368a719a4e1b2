"""What the addresses in new letters are made of: what they begin with, and where the links lead that are followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sending.links.addresses import host
from sending.links.core import FOLLOWED, Trace, links_of
from sending.links.hosts.bases import bases_of
from sending.links.services import keep_destinations, keep_personal
from sending.outbox.jobs import Letter


@dataclass(frozen=True, slots=True)
class Addressing:
    """What the addresses of a message are made of.

    base: what they begin with. destinations: the number of each link that is followed.
    """

    base: str = field(default_factory=host)
    destinations: Mapping[str, int] = field(default_factory=dict)


def shared_links(text: str, html: str, signature: str, traces: int) -> frozenset[str]:
    """Return the links that stand in a wording itself, and so are the same for everybody who gets it."""
    return _standing(text, html, signature) if traces & FOLLOWED else frozenset()


def addressing_of(letters: Sequence[Letter]) -> Mapping[int, Addressing]:
    """Return what the addresses of these letters are made of, by letter.

    One query; more where links are followed.
    """
    destinations = _destinations_of(letters)
    bases = bases_of(letter.workspace_id for letter in letters)
    return {letter.pk: Addressing(bases[letter.workspace_id], destinations.get(letter.pk, {})) for letter in letters}


def _destinations_of(letters: Sequence[Letter]) -> Mapping[int, Mapping[str, int]]:
    """Return the numbers of the destinations of these letters, by letter and address, written down where new.

    An address that does not stand in the wording has something of the person in it, and is written down as theirs; so
    is one of a letter that is tried again, where it is not known yet. No query where nothing is followed.
    """
    links = {
        letter.pk: (letter, links_of(letter.text, letter.html, Trace(letter.traces)))
        for letter in letters
        if letter.traces & FOLLOWED
    }
    shared, own = set[tuple[int, str]](), set[tuple[int, str]]()
    for letter, urls in links.values():
        for url in urls:
            if url in letter.shared_links:
                shared.add((letter.workspace_id, url))
            else:
                own.add((letter.contact_id, url))
    of_all, of_one = keep_destinations(shared), keep_personal(own)
    return {
        letter.pk: {
            url: number
            for url in urls
            if (number := of_all.get((letter.workspace_id, url)) or of_one.get((letter.contact_id, url)))
        }
        for letter, urls in links.values()
    }


@lru_cache(maxsize=5_000)
def _standing(text: str, html: str, signature: str) -> frozenset[str]:
    """Return the links of a wording and a signature; of one with a variable only what no message has is found."""
    return frozenset(links_of(f"{text}\n{signature}", html, Trace.CLICKS | Trace.TEXT_CLICKS))
