"""Put segments that a condition names in their place; refuse circles and conditions that grow out of hand."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.contacts.core.segments.errors import BadQuery
from campaigns.contacts.core.segments.tree import All, Either, Fact, Has, Node, Not, leaves_of

MOST_IN_ALL = 200  # conditions, those of segments in it included
MOST_NESTED = 5  # segments in each other


def segments_in(node: Node) -> frozenset[int]:
    """Return the ids of the segments that a condition names itself."""
    return frozenset(int(leaf.value) for leaf in leaves_of(node) if isinstance(leaf, Has) and leaf.fact is Fact.SEGMENT)


def combined(node: Node, segment: Callable[[int], Node]) -> Node:
    """Return the condition with each segment that it names replaced by that one's own.

    segment returns a segment's condition and raises BadQuery for one that is not there. Raises BadQuery for circles.
    """
    found = _Placing(segment).placed(node, ())
    if (count := len(leaves_of(found))) > MOST_IN_ALL:
        raise BadQuery(f"With the segments in it these are {count} conditions; {MOST_IN_ALL} at most work.")
    return found


class _Placing:
    def __init__(self, segment: Callable[[int], Node]) -> None:
        self._segment = segment
        self._budget = 50 * MOST_IN_ALL  # of nodes: shared segments multiply faster than anybody means

    def placed(self, node: Node, inside: tuple[int, ...]) -> Node:
        self._budget -= 1
        if self._budget < 0:
            raise BadQuery("The segments in it are used too often in each other.")
        if isinstance(node, Not):
            return Not(self.placed(node.part, inside))
        if isinstance(node, All):
            return All(tuple(self.placed(part, inside) for part in node.parts))
        if isinstance(node, Either):
            return Either(tuple(self.placed(part, inside) for part in node.parts))
        if not isinstance(node, Has) or node.fact is not Fact.SEGMENT:
            return node
        pk = int(node.value)
        if pk in inside:
            raise BadQuery("A segment cannot be a part of itself, not by way of others either.")
        if len(inside) >= MOST_NESTED:
            raise BadQuery(f"Segments lie more than {MOST_NESTED} deep in each other.")
        return self.placed(self._segment(pk), (*inside, pk))
