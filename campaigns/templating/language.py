"""Parse a template and admit only what the language has.

Jinja2's sandbox has been escaped about once a year and does not bound time or memory (constant folding alone can eat
both at compile time), so the syntax tree is checked against an allow-list before anything is compiled.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import jinja2
from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from campaigns.templating.filters import FILTERS
from campaigns.templating.problems import TemplateProblem

MAX_SOURCE = 64_000
MAX_NODES = 5_000
MAX_DEPTH = 40
MAX_CONSTANT = 2_000
_TESTS = frozenset({"defined", "undefined"})
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Filter, nodes.If,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Test, nodes.Neg,
)  # fmt: skip
_WORDS = {
    "For": "loops", "Call": "calls", "Assign": "assignments", "AssignBlock": "assignments", "Macro": "macros",
    "Include": "includes", "Import": "imports", "FromImport": "imports", "Extends": "extends", "Block": "blocks",
    "Getitem": "brackets", "Mul": "arithmetic", "Add": "arithmetic", "Sub": "arithmetic", "Div": "arithmetic",
    "Pow": "arithmetic", "Mod": "arithmetic", "FloorDiv": "arithmetic", "Concat": "joining with ~",
    "List": "lists", "Tuple": "lists", "Dict": "dictionaries", "With": "with blocks", "FilterBlock": "filter blocks",
    "CallBlock": "calls", "NSRef": "namespaces", "Slice": "slices",
}  # fmt: skip
_TOO_DEEP = re.compile(r"[({\[]{60,}|(?:not\s+){60,}|(?:-\s*){60,}")


def _environment() -> ImmutableSandboxedEnvironment:
    env = ImmutableSandboxedEnvironment(
        optimized=False,  # constant folding runs at compile time, before any limit
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        cache_size=0,
    )
    env.globals.clear()
    env.filters = dict(FILTERS)
    env.tests = {name: test for name, test in env.tests.items() if name in _TESTS}
    return env


_ENV = _environment()


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template. `variables` are the names it uses, dotted ones as one name ("sender.name")."""

    source: str
    variables: frozenset[str]
    code: jinja2.Template = field(repr=False, compare=False)
    tree: nodes.Template = field(repr=False, compare=False)


def compile_template(source: str, *, known: Collection[str] | None = None) -> Template:
    """Check and compile a template. Raises TemplateProblem at the first thing that the language does not have.

    With `known`, a variable outside it is refused, with the nearest known name as a hint.
    """
    template = _compile(source)
    if known is not None:
        for problem in _unknown(template.tree, known):
            raise problem
    return template


def check(source: str, *, known: Collection[str]) -> list[TemplateProblem]:
    """Return everything that is wrong with a template, for an editor; an empty list when it may be used."""
    try:
        template = _compile(source)
    except TemplateProblem as problem:
        return [problem]
    return list(_unknown(template.tree, known))


@lru_cache(maxsize=4096)
def _compile(source: str) -> Template:
    if len(source) > MAX_SOURCE:
        raise TemplateProblem(f"The text has {len(source):,} characters; {MAX_SOURCE:,} is the most.", code="too_long")
    if _TOO_DEEP.search(source):
        raise TemplateProblem("The expression is nested too deeply.", code="too_deep")
    try:
        tree = _ENV.parse(source)
        _admit(tree)
        code = _ENV.from_string(tree)
    except TemplateSyntaxError as error:
        words, hint = _syntax(error)
        raise TemplateProblem(words, line=error.lineno or 1, hint=hint) from error
    except RecursionError as error:
        raise TemplateProblem("The expression is nested too deeply.", code="too_deep") from error
    return Template(source, frozenset(name for name, _ in names_in(tree)), code, tree)


def _syntax(error: TemplateSyntaxError) -> tuple[str, str]:
    message = error.message or "cannot be read"
    if "unknown tag" in message.lower():
        return f"{message}.", "Only if, elif, else and endif exist."
    if "No filter named" in message:
        name = message.split("'")[1] if "'" in message else ""
        return f"There is no filter “{name}”.", did_you_mean(name, FILTERS)
    return f"This cannot be read: {message}.", "A variable is written {{ first_name }}."


def _admit(tree: nodes.Template) -> None:
    count = 0
    stack: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise TemplateProblem("The template is too complex.", line=_line(node), code="too_complex")
        _admit_node(node)
        stack += [(child, depth + 1) for child in node.iter_child_nodes()]


def _admit_node(node: nodes.Node) -> None:  # one check per node type
    line = _line(node)
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__
        words = _WORDS.get(kind, f"“{kind}”")
        hint = "Variables, if/else, comparisons and filters are what there is."
        raise TemplateProblem(f"The language has no {words}.", line=line, hint=hint, code="not_allowed")
    if isinstance(node, nodes.Name) and node.name.startswith("_"):
        raise TemplateProblem(f"The name “{node.name}” is not allowed.", line=line, code="not_allowed")
    if isinstance(node, nodes.Getattr) and (not isinstance(node.node, nodes.Name) or node.attr.startswith("_")):
        raise TemplateProblem("Attributes go one level deep, as in {{ sender.name }}.", line=line, code="not_allowed")
    if isinstance(node, nodes.Const) and len(str(node.value)) > MAX_CONSTANT:
        raise TemplateProblem("A quoted text is too long.", line=line, code="too_long")
    if isinstance(node, nodes.Filter):
        if node.name not in FILTERS:
            hint = did_you_mean(node.name, FILTERS)
            raise TemplateProblem(f"There is no filter “{node.name}”.", line=line, hint=hint, code="unknown_filter")
        if node.kwargs or node.dyn_args or node.dyn_kwargs or node.node is None:
            raise TemplateProblem(f"The filter “{node.name}” takes plain values.", line=line, code="not_allowed")
    if isinstance(node, nodes.Test) and (node.name not in _TESTS or node.args or node.kwargs):
        raise TemplateProblem(f"There is no test “{node.name}”.", line=line, code="not_allowed")


def names_in(tree: nodes.Node) -> Iterator[tuple[str, nodes.Node]]:
    """Yield the variables of a tree with their nodes; an attribute makes one dotted name."""
    inner: set[int] = set()
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name):
            inner.add(id(node.node))
            yield f"{node.node.name}.{node.attr}", node
    for name in tree.find_all(nodes.Name):
        if id(name) not in inner:
            yield name.name, name


def _unknown(tree: nodes.Template, known: Collection[str]) -> Iterator[TemplateProblem]:
    for name, node in names_in(tree):
        if name not in known:
            hint = did_you_mean(name, known)
            yield TemplateProblem(f"There is no “{name}”.", line=_line(node), hint=hint, code="unknown_variable")


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return "Did you mean first_name?" for the nearest known name, or ""."""
    by_small_letters = {one.lower(): one for one in sorted(known)}
    near = difflib.get_close_matches(name.lower(), by_small_letters, n=1, cutoff=0.6)
    return f"Did you mean {by_small_letters[near[0]]}?" if near else ""


def _line(node: nodes.Node) -> int:
    return int(getattr(node, "lineno", 1) or 1)
