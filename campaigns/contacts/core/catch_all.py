"""Does a domain take mail for any address? Learnt from what became of our own messages; nobody's server is knocked at.

A domain that has refused one address as unknown tells them apart. One that never refuses any either has only addresses
that exist, or takes whatever comes. The more of its addresses were written to, the less likely is the first: with a
share p of addresses that do not exist elsewhere, n of them in a row all exist with the chance (1 - p)^n (Bayes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# How many of the domains of businesses take any address: an assumption, as no count of it is known.
_SHARE = 0.2
# (refused, accepted) of imagined addresses: how many do not exist, before the workspace has a history of its own.
_PRIOR = (1.0, 9.0)
_LIKELY = 0.5  # from which on it is taken for one
FEWEST = 5  # addresses of a domain, below which nothing is said of it


@dataclass(frozen=True, slots=True)
class Experience:
    """How many addresses of a domain were written to, and how many of them it refused as unknown."""

    written: int
    refused: int


def total(experiences: Iterable[Experience]) -> Experience:
    """Return what was met at all of the domains together."""
    written = refused = 0
    for one in experiences:
        written += one.written
        refused += one.refused
    return Experience(written, refused)


def share_elsewhere(one: Experience, everywhere: Experience) -> float:
    """Return which share of the addresses at all domains but one do not exist, 0 to 1."""
    refused, accepted = _PRIOR
    refused += everywhere.refused - one.refused
    accepted += everywhere.written - everywhere.refused - one.written + one.refused
    return refused / (refused + accepted)


def chance(one: Experience, share: float) -> float:
    """Return how likely the domain takes any address, 0 to 1, where elsewhere `share` of addresses do not exist."""
    if one.refused:
        return 0.0
    return _SHARE / (_SHARE + (1 - _SHARE) * (1 - share) ** one.written)


def takes_any(one: Experience, everywhere: Experience) -> bool:
    """Say whether it is more likely than not that the domain takes any address. everywhere: at all domains."""
    return one.written >= FEWEST and chance(one, share_elsewhere(one, everywhere)) > _LIKELY


def words(domain: str, one: Experience, *, is_any: bool) -> str:
    """Return what was met at a domain, as a sentence; "" where too few addresses were written to."""
    if one.refused:
        return (
            f"Of {one.written:,} addresses at {domain} that were written to, {one.refused:,} did not exist: it tells "
            "them apart, so that the others are likely to exist."
        )
    if is_any:
        return (
            f"{domain} has refused none of {one.written:,} addresses that were written to: it is likely to take mail "
            "for any, whether there is somebody or not."
        )
    return f"{domain} has refused none of {one.written:,} addresses that were written to." if one.written else ""
