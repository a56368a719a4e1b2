"""What the addresses in new letters are made of: what they begin with, and where the links lead that are followed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sending.links.addresses import host
from sending.links.core import FOLLOWED, Trace, links_of
from sending.links.hosts.bases import bases_of
from sending.links.services import keep_destinations
from sending.outbox.jobs import Letter


@dataclass(frozen=True, slots=True)
class Addressing:
    """What the addresses of a workspace's messages are made of.

    base: what they begin with. destinations: the number of each link that is followed.
    """

    base: str = field(default_factory=host)
    destinations: Mapping[str, int] = field(default_factory=dict)


def addressing_of(letters: Sequence[Letter]) -> Mapping[int, Addressing]:
    """Return what the addresses of these letters are made of, by workspace.

    One query; more where links are followed.
    """
    destinations = _destinations_of(letters)
    bases = bases_of(letter.workspace_id for letter in letters)
    return {pk: Addressing(base, destinations.get(pk, {})) for pk, base in bases.items()}


def _destinations_of(letters: Sequence[Letter]) -> Mapping[int, Mapping[str, int]]:
    """Return the numbers of the destinations of these letters, by workspace and address, written down where new.

    No query where nothing is followed.
    """
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    wanted = {
        (letter.workspace_id, url)
        for letter in letters
        if letter.traces & FOLLOWED
        for url in links_of(letter.text, letter.html, Trace(letter.traces))
    }
    if wanted:
        for (workspace_id, url), number in keep_destinations(wanted).items():
            found[workspace_id][url] = number
    return found
