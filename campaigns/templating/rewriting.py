"""Rewrite an admitted tree: names become slots, attributes vanish, filters learn what they work on."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from campaigns.templating.admission import ALLOWED, dotted, is_name
from campaigns.templating.filters import SHORT_NAMES

# Nobody can write these: a name begins with a letter, and a filter has no space.
NOTES = "_notes"
WITHIN = "is within"


class Slots:
    """The variables of one tree and the names under which the compiled code knows them."""

    def __init__(self, names: Iterator[str]) -> None:
        self._slots = {name: f"_v{place}" for place, name in enumerate(sorted(set(names)))}

    @classmethod
    def of(cls, tree: nodes.Node) -> Slots:
        """Return the slots of a tree, which may also be one that is not admitted."""
        return cls(_names(tree))

    def names(self) -> frozenset[str]:
        """Return the variables, dotted ones as one name."""
        return frozenset(self._slots)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return (name, slot) in the order of the slots."""
        return tuple(self._slots.items())

    def rewritten(self, tree: nodes.Template) -> nodes.Template:
        """Return the tree with slots in the place of names. The tree itself is used up."""
        made = _Rewriter(self._slots).visit(tree)
        assert isinstance(made, nodes.Template)
        if tree.environment is not None:
            made.set_environment(tree.environment)  # the nodes that came in know none
        return made


class _Rewriter(NodeTransformer):
    def __init__(self, slots: dict[str, str]) -> None:
        self._slots = slots

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802  # Jinja's visitor calls by class name
        return self._slot(node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        return self._slot(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        assert node.node is not None  # a filter block is refused before
        name = next(_names(node.node), "")
        self.generic_visit(node)
        node.name = SHORT_NAMES.get(node.name, node.name)
        node.args = [nodes.Name(NOTES, "load"), nodes.Const(name), *node.args]
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        how, right = node.ops[0].op, node.ops[0].expr
        if how not in {"in", "notin"}:
            return node
        made = nodes.Filter(node.expr, WITHIN, [right], [], None, None, lineno=node.lineno)
        return made if how == "in" else nodes.Not(made, lineno=node.lineno)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr2 = node.expr2 or nodes.Const("")
        return node

    def _slot(self, node: nodes.Node) -> nodes.Node:
        name = dotted(node)
        assert name is not None  # only such names are admitted
        return nodes.Name(self._slots[name], "load", lineno=node.lineno)


def _names(tree: nodes.Node) -> Iterator[str]:
    """Yield the variables; what is refused anyway, with everything in it, is left out."""
    stack = [tree]
    while stack:
        node = stack.pop()
        name = dotted(node)
        if name is not None:
            if all(is_name(part) for part in name.split(".")):
                yield name
        elif isinstance(node, ALLOWED) and not isinstance(node, nodes.Getattr):
            stack += reversed(list(node.iter_child_nodes()))
