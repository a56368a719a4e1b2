"""A condition as rows to fill in: groups of single conditions, which is as deep as a page of rows can go.

A row becomes the text of its condition and is read like any other text, so that both say the same errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.contacts.core.segments.errors import BadQuery
from campaigns.contacts.core.segments.reading import parse
from campaigns.contacts.core.segments.tree import (
    EVERYBODY,
    All,
    DayIs,
    Deed,
    DidIt,
    Either,
    Fact,
    Has,
    Leaf,
    Node,
    Not,
    NumberIs,
)
from campaigns.contacts.core.segments.vocabulary import Vocabulary
from campaigns.contacts.core.segments.writing import quoted

ALL, ANY = "all", "any"
NOT = "not_"  # before a test: the opposite
EVER, LAST = "ever", "last"  # of a deed


@dataclass(frozen=True, slots=True)
class Row:
    """One condition as it was filled in; problem says why it is none."""

    what: str = ""
    test: str = ""
    value: str = ""
    campaign: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of which all hold, or any; or not so."""

    join: str = ALL
    is_not: bool = False
    rows: tuple[Row, ...] = (Row(),)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Groups of which all hold, or any."""

    join: str = ALL
    groups: tuple[Group, ...] = (Group(),)


def leaf_of(row: Row, vocabulary: Vocabulary) -> Node:
    """Return the condition of a row. Raises BadQuery."""
    is_not, test = row.test.startswith(NOT), row.test.removeprefix(NOT)
    if row.what == Fact.SUPPRESSED:
        text = row.what
    elif row.what in set(Fact):
        text = f"{row.what} is {quoted(row.value)}"
    elif row.what in set(Deed):
        last = f" last {quoted(row.value)}" if test == LAST else ""
        text = row.what + last + (f" in {quoted(row.campaign)}" if row.campaign else "")
    else:
        text = f"{row.what} {test}" + ("" if test == "empty" else f" {quoted(row.value)}")
    try:
        node = parse(text, vocabulary)
    except BadQuery as error:  # the place is one of a text that nobody sees
        raise BadQuery(error.cause if row.value or row.campaign else "Say what is compared with.") from error
    return Not(node) if is_not else node


def node_of(sheet: Sheet, vocabulary: Vocabulary) -> Node:
    """Return the condition of all rows that are filled in. Raises BadQuery."""
    parts: list[Node] = []
    for group in sheet.groups:
        inner = [leaf_of(row, vocabulary) for row in group.rows if row.what]
        if not inner:
            continue
        if group.join == sheet.join and not group.is_not:
            parts += inner
        else:
            joined = _joined(group.join, inner)
            parts.append(Not(joined) if group.is_not else joined)
    return _joined(sheet.join, parts) if parts else EVERYBODY


def sheet_of(node: Node) -> Sheet | None:
    """Return the condition as rows; None for one that lies deeper than rows can show."""
    join, parts = _parts(node)
    groups: list[Group] = []
    loose: list[Row] = []  # rows of the outermost level that follow each other
    for part in parts:
        row = _row(part)
        if row is not None:
            loose.append(row)
            continue
        if loose:
            groups.append(Group(join, rows=tuple(loose)))
            loose = []
        is_not, inside = (True, part.part) if isinstance(part, Not) else (False, part)
        inner_join, inner = _parts(inside)
        rows = [_row(one) for one in inner]
        if None in rows:
            return None
        groups.append(Group(inner_join, is_not=is_not, rows=tuple(one for one in rows if one is not None)))
    if loose or not groups:
        groups.append(Group(join, rows=tuple(loose) or (Row(),)))
    return Sheet(join, tuple(groups))


def _joined(join: str, parts: Sequence[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    return Either(tuple(parts)) if join == ANY else All(tuple(parts))


def _parts(node: Node) -> tuple[str, tuple[Node, ...]]:
    if isinstance(node, Either):
        return ANY, node.parts
    return ALL, node.parts if isinstance(node, All) else (node,)


def _row(node: Node) -> Row | None:
    """Return the row of a condition or of its opposite, None for a group."""
    is_not, leaf = (True, node.part) if isinstance(node, Not) else (False, node)
    if isinstance(leaf, Not | All | Either):
        return None
    row = _plain_row(leaf)
    return Row(row.what, NOT + row.test, row.value, row.campaign) if is_not else row


def _plain_row(leaf: Leaf) -> Row:
    if isinstance(leaf, DidIt):
        campaign = "" if leaf.campaign is None else str(leaf.campaign)
        return (
            Row(leaf.deed, EVER, "", campaign) if leaf.days is None else Row(leaf.deed, LAST, str(leaf.days), campaign)
        )
    if isinstance(leaf, Has):
        return Row(leaf.fact, "is", leaf.value)
    if isinstance(leaf, NumberIs):
        return Row(leaf.field, leaf.test, f"{leaf.value:f}")
    if isinstance(leaf, DayIs):
        return Row(leaf.field, leaf.test, str(leaf.days) if leaf.day is None else leaf.day.isoformat())
    return Row(leaf.field, leaf.test, leaf.value)
