"""The desk on which a condition is put together: as rows to choose from, or as text. Pages of several rooms have one.

The page includes ui/condition.html inside a form, in a region with the id "builder", and gives back what is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from campaigns.contacts import queries
from campaigns.contacts.core.segments import EVERYBODY, BadQuery, Node, Vocabulary, parse, write
from campaigns.contacts.core.segments.sheets import Sheet, node_of, sheet_of
from campaigns.contacts.queries.listing import COUNT_LIMIT, Count
from campaigns.contacts.views.sheet import checked, sheet_context, sheet_from
from outreach.accounts.access import Member


@dataclass(frozen=True, slots=True)
class Desk:
    """The condition as text and as rows (None: it is edited as text), and what is wrong with it."""

    where: str
    sheet: Sheet | None
    node: Node | None = None
    problem: str = ""


def desk_of(where: str, vocabulary: Vocabulary) -> Desk:
    """Return the desk for a text: of a URL, as it is stored, or typed."""
    try:
        node = parse(where, vocabulary)
    except BadQuery as error:
        return Desk(where[:10_000], None, problem=str(error))
    return Desk(write(node), sheet_of(node), node)


def desk_sent(post: QueryDict, vocabulary: Vocabulary) -> Desk:
    """Return the desk for what was filled in: the text, or the rows."""
    if "where" in post:
        desk = desk_of(post.get("where", ""), vocabulary)
        return Desk(desk.where, None if "as_text" in post else desk.sheet, desk.node, desk.problem)
    sheet, is_good = checked(sheet_from(post), vocabulary)
    if not is_good:
        return Desk("", sheet, problem="Some conditions are not complete.")
    try:
        node = node_of(sheet, vocabulary)
        where = write(parse(write(node), vocabulary))
    except BadQuery as error:
        return Desk("", sheet, problem=str(error))
    return Desk(where, None if "as_text" in post else sheet, node)


def desk_context(member: Member, desk: Desk, vocabulary: Vocabulary, *, is_exact: bool = False) -> dict[str, Any]:
    """Return what the desk needs to be drawn, with how many contacts the condition finds now."""
    count, problem = None, desk.problem
    if desk.node is not None:
        try:
            node = queries.read_condition(member.workspace.pk, desk.where)
            rows = queries.contacts_where(member.workspace, node)
            count = Count(rows.count(), 2**63) if is_exact else Count(rows[: COUNT_LIMIT + 1].count(), COUNT_LIMIT)
        except BadQuery as error:
            problem = str(error)
    return {
        "where": desk.where,
        "problem": problem,
        "count": count,
        "is_text": desk.sheet is None,
        "is_everybody": desk.node == EVERYBODY,
        "people_query": urlencode({"where": desk.where}),
        **(sheet_context(member, desk.sheet, vocabulary) if desk.sheet else {}),
    }
