"""The numbers in a branch's condition: they mean a list, a segment or a campaign in one workspace alone.

A file carries their names beside them; where it is taken in, the numbers become those of the things of these names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from campaigns.contacts.core.segments.tree import All, DidIt, Either, Fact, Has, Node, Not, leaves_of

GONE = 0  # a number that nothing has: such a condition cannot be read, and holds the launch
Thing = tuple[str, int]  # ("list", 3)
_NUMBERED = {Fact.LIST, Fact.SEGMENT, Fact.IMPORT}
CAMPAIGN = "campaign"


def things_in(node: Node) -> set[Thing]:
    """Return the things of a workspace that a condition is about."""
    leaves = leaves_of(node)
    named = {(one.fact.value, int(one.value)) for one in leaves if isinstance(one, Has) and one.fact in _NUMBERED}
    campaigns = {one.campaign for one in leaves if isinstance(one, DidIt) and one.campaign is not None}
    return named | {(CAMPAIGN, pk) for pk in campaigns}


def renumbered(node: Node, number_of: Callable[[Thing], int]) -> Node:
    """Return the condition with other numbers for its things."""
    if isinstance(node, All | Either):
        return replace(node, parts=tuple(renumbered(part, number_of) for part in node.parts))
    if isinstance(node, Not):
        return Not(renumbered(node.part, number_of))
    if isinstance(node, Has) and node.fact in _NUMBERED:
        return Has(node.fact, str(number_of((node.fact.value, int(node.value)))))
    if isinstance(node, DidIt) and node.campaign is not None:
        return replace(node, campaign=number_of((CAMPAIGN, node.campaign)))
    return node
