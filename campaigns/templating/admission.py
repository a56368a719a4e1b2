"""Which syntax trees the language admits: everything that is not on the list is refused, with the words for it.

Jinja2's sandbox has been escaped about once a year, and it bounds neither time nor memory. So nothing is compiled
that could loop, call, assign, calculate or reach an attribute; what is left costs no more than it is long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes

from campaigns.templating.filters import DATE_STYLES, FILTERS, SHORT_NAMES, Kind
from campaigns.templating.hints import did_you_mean
from campaigns.templating.marks import Finder
from campaigns.templating.problems import TemplateProblem

MAX_NODES = 5_000
MAX_DEPTH = 40
MAX_CONSTANT = 2_000
TESTS = ("defined", "undefined")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Filter, nodes.If,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Test,
)  # fmt: skip
_ARITHMETIC = "arithmetic"
_WORDS: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.For: ("loops", "for"), nodes.Call: ("calls", "("), nodes.Assign: ("assignments", "set"),
    nodes.AssignBlock: ("assignments", "set"), nodes.Macro: ("macros", "macro"), nodes.Include: ("includes", "include"),
    nodes.Import: ("imports", "import"), nodes.FromImport: ("imports", "import"), nodes.Extends: ("extends", "extends"),
    nodes.Block: ("blocks", "block"), nodes.Getitem: ("brackets", "["), nodes.Concat: ("joining with ~", "~"),
    nodes.Mul: (_ARITHMETIC, "*"), nodes.Add: (_ARITHMETIC, "+"), nodes.Sub: (_ARITHMETIC, "-"),
    nodes.Div: (_ARITHMETIC, "/"), nodes.FloorDiv: (_ARITHMETIC, "//"), nodes.Pow: (_ARITHMETIC, "**"),
    nodes.Mod: (_ARITHMETIC, "%"), nodes.Neg: (_ARITHMETIC, "-"), nodes.Pos: (_ARITHMETIC, "+"),
    nodes.List: ("lists", "["), nodes.Tuple: ("lists", ","), nodes.Dict: ("dictionaries", "{"),
    nodes.With: ("with blocks", "with"), nodes.FilterBlock: ("filter blocks", "filter"),
    nodes.CallBlock: ("calls", "call"), nodes.ScopedEvalContextModifier: ("autoescape blocks", "autoescape"),
}  # fmt: skip
_HAS = "It has variables, if and else, comparisons and filters."
_ORDER = frozenset({"lt", "lteq", "gt", "gteq"})


def problems_in(tree: nodes.Template, finder: Finder) -> Iterator[TemplateProblem]:
    """Yield what the language does not have, outermost first. Nothing in a refused part is looked at."""
    count = 0
    stack: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            words = "nested too deeply" if depth > MAX_DEPTH else "too long a program for a letter"
            yield _at(node, finder, "", f"The template is {words}.", code="too_complex")
            return
        problem = _problem(node, finder)
        if problem is None:
            children = list(node.iter_child_nodes())
            stack += [(child, depth + 1) for child in reversed(children)]
        else:
            yield problem


def dotted(node: nodes.Node) -> str | None:
    """Return the name that a node stands for, an attribute with its owner as one name; None for anything else."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return None


def is_name(part: str) -> bool:
    """Say whether a variable, or a part of a dotted one, may be called so."""
    return _NAME.fullmatch(part) is not None


def _problem(node: nodes.Node, finder: Finder) -> TemplateProblem | None:  # noqa: PLR0911  # one for each kind
    if not isinstance(node, ALLOWED):
        words, sign = _WORDS.get(type(node), (f"“{type(node).__name__}”", ""))
        return _at(node, finder, sign, f"The language has no {words}.", hint=_HAS, code="not_allowed")
    match node:
        case nodes.Name() | nodes.Getattr():
            return _bad_name(node, finder)
        case nodes.Const():
            return _bad_constant(node, finder)
        case nodes.Filter():
            return _bad_filter(node, finder)
        case nodes.Test():
            return _bad_test(node, finder)
        case nodes.Compare():
            return _bad_comparison(node, finder)
        case nodes.Output():
            return _bad_output(node, finder)
        case _:
            return None


def _bad_name(node: nodes.Name | nodes.Getattr, finder: Finder) -> TemplateProblem | None:
    name = dotted(node)
    if name is None:
        words = "Names go one level deep, as in {{ sender.name }}."
        return _at(node, finder, ".", words, code="not_allowed")
    for part in name.split("."):
        if not is_name(part):
            words = f"“{part[:60]}” is not a name: a letter, then letters, digits and _, at most 64."
            return _at(node, finder, part, words, code="not_allowed")
    return None


def _bad_constant(node: nodes.Const, finder: Finder) -> TemplateProblem | None:
    value = node.value
    if value is None:
        hint = "Write {% if not first_name %} to ask for a value that is not there."
        return _at(node, finder, "none", "The language has no “none”.", hint=hint, code="not_allowed")
    if not isinstance(value, str):
        return None
    if len(value) > MAX_CONSTANT:
        words = f"A quoted text has {len(value):,} characters; {MAX_CONSTANT:,} is the most."
        return _at(node, finder, "", words, code="too_long")
    if _CONTROL.search(value):
        return _at(node, finder, "", "A quoted text holds a control character.", code="bad_character")
    return None


def _bad_filter(node: nodes.Filter, finder: Finder) -> TemplateProblem | None:
    spec = FILTERS.get(SHORT_NAMES.get(node.name, node.name))
    if spec is None or node.node is None:
        hint = did_you_mean(node.name, [*FILTERS, *SHORT_NAMES]) or f"There are {', '.join(FILTERS)}."
        words = f"There is no filter “{node.name[:60]}”."
        return _at(node, finder, node.name, words, hint=hint, code="unknown_filter")
    if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        words = f"The values of “{node.name}” have no names."
        return _at(node, finder, node.name, words, hint="Write them bare, as in truncate(40).", code="wrong_kind")
    if not spec.required <= len(node.args) <= len(spec.takes):
        words = f"The filter “{node.name}” takes {_number_of(spec.required, len(spec.takes))}, not {len(node.args)}."
        return _at(node, finder, node.name, words, code="wrong_kind")
    if kind_of(node.node) is Kind.TRUTH:
        words = f"“{node.name}” works on text, not on true or false."
        return _at(node, finder, node.name, words, code="wrong_kind")
    return _bad_arguments(node, spec.takes, finder)


def _bad_arguments(node: nodes.Filter, takes: tuple[Kind, ...], finder: Finder) -> TemplateProblem | None:
    for arg, kind in zip(node.args, takes, strict=False):
        if kind is Kind.NUMBER and not (isinstance(arg, nodes.Const) and type(arg.value) is int):
            words = f"The filter “{node.name}” takes a plain whole number."
            return _at(node, finder, node.name, words, hint="As in truncate(40).", code="wrong_kind")
        if kind is Kind.TEXT and kind_of(arg) not in {Kind.TEXT, Kind.ANY}:
            words = f"The filter “{node.name}” takes text, and this is {kind_of(arg)}."
            return _at(node, finder, node.name, words, hint="Put it in quotes.", code="wrong_kind")
    style = node.args[0] if node.name == "date" and node.args else None
    if style is not None and not (isinstance(style, nodes.Const) and style.value in DATE_STYLES):
        hint = f"There are {', '.join(DATE_STYLES)}."
        return _at(node, finder, "date", "The filter “date” does not know this style.", hint=hint, code="wrong_kind")
    return None


def _bad_test(node: nodes.Test, finder: Finder) -> TemplateProblem | None:
    if node.name in TESTS and not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs):
        return None
    hint = "There are “is defined” and “is undefined”; {% if city %} asks whether a value is there."
    return _at(node, finder, node.name, f"There is no test “{node.name[:60]}”.", hint=hint, code="not_allowed")


def _bad_comparison(node: nodes.Compare, finder: Finder) -> TemplateProblem | None:
    if len(node.ops) > 1:
        hint = "Write {% if a == b and b == c %}."
        return _at(node, finder, "", "Compare two values at a time.", hint=hint, code="not_allowed")
    left, right, how = node.expr, node.ops[0].expr, node.ops[0].op
    kinds = {kind_of(left), kind_of(right)} - {Kind.ANY}
    word = dotted(left) or dotted(right) or ""
    hint = f"Write {word or 'employees'}|number to read the text as a number."
    if how in _ORDER and kinds - {Kind.NUMBER}:
        return _at(node, finder, word, "Only numbers can be smaller or larger.", hint=hint, code="wrong_kind")
    if how in {"in", "notin"} and kinds - {Kind.TEXT}:
        return _at(node, finder, word, "“in” looks for a text in a text.", code="wrong_kind")
    if kinds == {Kind.TEXT, Kind.NUMBER}:
        return _at(node, finder, word, "A text is never equal to a number.", hint=hint, code="wrong_kind")
    return None


def _bad_output(node: nodes.Output, finder: Finder) -> TemplateProblem | None:
    for child in node.nodes:
        if kind_of(child) is Kind.TRUTH:
            hint = "Write {{ 'one text' if city else 'another' }}."
            return _at(child, finder, "", "This would print “True” or “False”.", hint=hint, code="wrong_kind")
    return None


def kind_of(node: nodes.Node, depth: int = 0) -> Kind:  # noqa: PLR0911  # one for each kind of node
    """Return what an expression gives; ANY where it depends on values, or lies deeper than is admitted anyway."""
    if depth > MAX_DEPTH:
        return Kind.ANY
    match node:
        case nodes.Const():
            if isinstance(node.value, bool):
                return Kind.TRUTH
            return Kind.NUMBER if isinstance(node.value, int | float) else Kind.TEXT
        case nodes.Compare() | nodes.Not() | nodes.Test():
            return Kind.TRUTH
        case nodes.Filter():
            spec = FILTERS.get(SHORT_NAMES.get(node.name, node.name))
            if spec is None or node.node is None:
                return Kind.ANY
            return _either([node.node, *node.args], depth) if spec.gives is Kind.ANY else spec.gives
        case nodes.And() | nodes.Or():
            return _either([node.left, node.right], depth)
        case nodes.CondExpr():
            return _either([one for one in (node.expr1, node.expr2) if one is not None], depth)
        case _:
            return Kind.TEXT


def _either(found: list[nodes.Expr], depth: int) -> Kind:
    kinds = {kind_of(node, depth + 1) for node in found}
    return kinds.pop() if len(kinds) == 1 else Kind.ANY


def _number_of(least: int, most: int) -> str:
    if most == 0:
        return "no values"
    amount = f"{most} value{'s' if most > 1 else ''}"
    return amount if least == most else f"up to {amount}"


def _at(  # noqa: PLR0913  # a problem is said once, in one line
    node: nodes.Node, finder: Finder, sign: str, message: str, *, hint: str = "", code: str
) -> TemplateProblem:
    line = int(node.lineno or 1)
    return TemplateProblem(message, line=line, column=finder.column(line, sign), hint=hint, code=code)
