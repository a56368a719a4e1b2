"""Which wording of a step a contact gets: exactly by weight, and the same each time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import gcd


def deal(step_id: int, contact_id: int, weights: Sequence[int]) -> int:
    """Return the place of the contact's wording among those with these weights, each above 0.

    The contacts stand in blocks as long as the sum of the weights (in lowest terms). Of each block every wording gets
    just its weight, in an order drawn from the step and the block, as trials deal their arms. So contacts that were
    imported together, one after the other, are shared exactly, but for a part of a block at either end.
    Raises ValueError without weights.
    """
    if not weights:
        raise ValueError("no wording has a share")
    unit = gcd(*weights)
    total = sum(weights) // unit
    block, place = divmod(contact_id, total)
    drawn = hashlib.sha256(f"{step_id}:{block}".encode()).digest()
    factor = int.from_bytes(drawn[:8]) % total
    while gcd(factor, total) != 1:  # ends: 1 is coprime to every number
        factor = (factor + 1) % total
    place = (factor * place + int.from_bytes(drawn[8:16])) % total
    for at, weight in enumerate(weights):
        place -= weight // unit
        if place < 0:
            return at
    raise AssertionError("the weights do not add up")
