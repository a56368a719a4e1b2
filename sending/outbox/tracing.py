"""Where the links lead that are followed in new letters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sending.links.core import FOLLOWED, Trace, links_of
from sending.links.services import keep_destinations
from sending.outbox.jobs import Letter


def destinations_of(letters: Sequence[Letter]) -> Mapping[int, Mapping[str, int]]:
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
