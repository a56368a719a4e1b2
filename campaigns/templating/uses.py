"""Where a template uses each of its variables, and what happens there when the value is lacking."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from jinja2 import nodes

from campaigns.templating.admission import dotted
from campaigns.templating.filters import SHORT_NAMES

# Filters that can make nothing, or something else, of a value that is there.
_JUDGES = frozenset({"number", "date", "replace", "plural"})
_ORDER = frozenset({"lt", "lteq", "gt", "gteq"})


class Role(Enum):
    """What a use is for."""

    PRINTED = "it would show"
    SIZED = "a number is compared with it"
    COVERED = "something else takes its place"
    TESTED = "it only decides, and its absence is an answer"


def uses(node: nodes.Node, role: Role = Role.PRINTED) -> Iterator[tuple[str, Role]]:
    """Yield each use of a variable in an expression, in the order of the source."""
    name = dotted(node)
    if name is not None:
        yield name, role
        return
    for part, inside in _parts(node, role):
        yield from uses(part, inside)


def _parts(node: nodes.Node, role: Role) -> list[tuple[nodes.Node, Role]]:
    """Return the parts of an expression as they are written, each with what it is for."""
    replaced = Role.TESTED if role is Role.TESTED else Role.COVERED
    match node:
        case nodes.Filter() if SHORT_NAMES.get(node.name, node.name) == "default" and node.node is not None:
            return [(node.node, replaced), *((arg, role) for arg in node.args)]
        case nodes.Or():
            return [(node.left, replaced), (node.right, role)]
        case nodes.CondExpr():
            other = [(node.expr2, role)] if node.expr2 is not None else []
            return [(node.expr1, role), (node.test, Role.TESTED), *other]
        case nodes.Compare():
            inside = Role.SIZED if node.ops[0].op in _ORDER else Role.TESTED
            return [(node.expr, inside), *((one.expr, inside) for one in node.ops)]
        case nodes.Not() | nodes.Test():
            return [(one, Role.TESTED) for one in node.iter_child_nodes()]
        case _:
            return [(one, role) for one in node.iter_child_nodes()]


def deciding(tree: nodes.Node) -> frozenset[str]:
    """Return the variables of which it matters what they are, not only whether they are there, for what is lacking."""
    found: set[str] = set()
    for node in tree.find_all((nodes.Compare, nodes.Filter)):
        if not isinstance(node, nodes.Filter) or node.name in _JUDGES:
            found |= {name for name, _ in uses(node)}
    return frozenset(found)
