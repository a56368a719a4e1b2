"""Write a condition as the text that reading.parse makes the same condition of."""

from __future__ import annotations

import re

from campaigns.contacts.core.segments.tree import All, DayIs, DidIt, Either, Has, Leaf, Node, Not, NumberIs

_PLAIN = re.compile(r'[^\s()"]+')
_MEANT_OTHERWISE = {"and", "or", "not"}


def write(node: Node) -> str:
    """Return the condition as text, with parentheses around each inner group."""
    return _write(node, is_inner=False)


def _write(node: Node, *, is_inner: bool) -> str:
    if isinstance(node, Not):
        return f"not {_write(node.part, is_inner=True)}"
    if isinstance(node, All | Either):
        word = " and " if isinstance(node, All) else " or "
        text = word.join(_write(part, is_inner=True) for part in node.parts)
        return f"({text})" if is_inner and len(node.parts) > 1 else text
    return _leaf(node)


def _leaf(leaf: Leaf) -> str:
    if isinstance(leaf, Has):
        return f"{leaf.fact} is {quoted(leaf.value)}" if leaf.value else leaf.fact.value
    if isinstance(leaf, DidIt):
        last = f" last {leaf.days}" if leaf.days is not None else ""
        campaign = f" in {leaf.campaign}" if leaf.campaign is not None else ""
        return f"{leaf.deed}{last}{campaign}"
    if isinstance(leaf, NumberIs):
        return f"{leaf.field} {leaf.test} {leaf.value:f}"
    if isinstance(leaf, DayIs):
        return f"{leaf.field} {leaf.test} {leaf.days if leaf.day is None else leaf.day.isoformat()}"
    return f"{leaf.field} {leaf.test} {quoted(leaf.value)}" if leaf.value else f"{leaf.field} {leaf.test}"


def quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _MEANT_OTHERWISE:
        return text
    return '"' + text.replace('"', '""') + '"'
