"""The gate of missing values: who would be held for want of what."""

from __future__ import annotations

from collections.abc import Iterator

from outreach.kit.words import plural
from sending.planner.audience.gaps import MOST_LOOKED, Guard
from sending.planner.review.lights import Evidence, Gate, Light, gate

_WHERE = ("Who, and what to write instead", "planner:gaps")


def values_gate(guard: Guard) -> Gate:
    """Return whether everybody has what the wordings show. Whoever lacks something waits; the others are written to."""
    return gate("values", "Values that the messages use", _evidence(guard))


def _evidence(guard: Guard) -> Iterator[Evidence]:
    for address, names in guard.mailboxes:
        words = f"{address} has no {' and no '.join(names)}, and a wording shows it: it could send that to nobody."
        yield Evidence(Light.AMBER, words, *_WHERE)
    if not guard.people and guard.until is not None:
        words = f"Nobody of the first {MOST_LOOKED:,} who were looked at lacks a value; the others were not looked at."
        yield Evidence(Light.AMBER, words, *_WHERE)
        return
    if not guard.people:
        yield Evidence(Light.GREEN, "Everybody has each value that a wording shows, or it has a fallback.", *_WHERE)
        return
    least = "At least " if guard.until else ""
    lacking = ", ".join(f"{gap.name} ({plural(gap.people, 'contact')})" for gap in guard.gaps[:5])
    words = f"{least}{plural(guard.people, 'contact')} would be held until they have what is missing: {lacking}."
    yield Evidence(Light.AMBER, words if lacking else words.replace(": .", "."), *_WHERE)
    if guard.unfit:
        words = f"{plural(guard.unfit, 'contact')} with a value that no message can carry."
        yield Evidence(Light.AMBER, words, *_WHERE)
