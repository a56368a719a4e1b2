"""Compile a template: bound it, parse it with Jinja2, admit its tree, and rewrite it so that nothing can be reached.

The compiled tree knows no names that a person wrote and no attributes: each variable becomes a slot, filled with a
text or with a note that it is lacking.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

import jinja2
from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment

from campaigns.templating.admission import TESTS, problems_in
from campaigns.templating.filters import FILTERS, fallen_back, guarded, is_within
from campaigns.templating.hints import did_you_mean
from campaigns.templating.marks import Finder, Mark, marks_of, place
from campaigns.templating.problems import TemplateProblem
from campaigns.templating.rewriting import NOTES, WITHIN, Slots
from campaigns.templating.shelf import Shelf
from campaigns.templating.syntax import explained
from campaigns.templating.uses import deciding
from campaigns.templating.values import Empty

MAX_SOURCE = 64_000
MAX_TOKENS = 4_000
MAX_NESTING = 60  # before parsing, which recurses; the tree itself is bounded more tightly
MOST_PROBLEMS = 20
_UNWELCOME = re.compile("[\x00\ud800-\udfff]")
_RAW = re.compile(r"\{%[-+]?\s*raw\b")


class _Bounds(Extension):
    """Refuses to parse on when a template has too many signs, or nests too deeply for a parser that recurses."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        depth = 0
        for count, token in enumerate(stream):
            if token.type in {"lparen", "lbracket", "lbrace"} or token.test("name:not") or token.type == "sub":
                depth += 1
            elif token.type in {"rparen", "rbracket", "rbrace"}:
                depth -= 1
            elif token.type in {"variable_end", "block_end"}:
                depth = 0
            if count > MAX_TOKENS or depth > MAX_NESTING:
                raise _TooMuch
            yield token


class _TooMuch(Exception):
    """The template is larger or deeper than any letter."""


def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    env = ImmutableSandboxedEnvironment(
        extensions=[_Bounds],
        optimized=False,  # constant folding runs at compile time, before any limit
        undefined=StrictUndefined,
        autoescape=html,
        keep_trailing_newline=True,
        cache_size=0,
    )
    env.globals.clear()
    env.filters = {name: guarded(spec.act) for name, spec in FILTERS.items()}
    env.filters |= {"default": fallen_back, WITHIN: is_within}
    env.tests = {
        "defined": lambda value: not isinstance(value, Empty),
        "undefined": lambda value: isinstance(value, Empty),
    }
    assert set(env.tests) == set(TESTS)
    return env


_ENVIRONMENTS = {html: _environment(html=html) for html in (False, True)}
_SHELF: Shelf[tuple[str, bool], Template] = Shelf(most_weight=8_000_000)


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template. `variables` are the names it uses, dotted ones as one name ("sender.name").

    `html` says that what expressions print is escaped. `deciding` are the variables of which it matters what they are,
    and not only whether they are there, for what a contact lacks.
    """

    source: str
    variables: frozenset[str]
    html: bool = False
    deciding: frozenset[str] = frozenset()
    slots: tuple[tuple[str, str], ...] = field(repr=False, compare=False, kw_only=True)  # name, slot in the code
    code: jinja2.Template = field(repr=False, compare=False, kw_only=True)


def compile_template(source: str, *, known: Collection[str] | None = None, html: bool = False) -> Template:
    """Check and compile a template. Raises TemplateProblem at the first thing that the language does not have.

    With `known`, a variable outside it is refused, with the nearest known name as a hint. With `html`, values are
    escaped where they are printed. Compiled templates are kept and shared.
    """
    template = _SHELF.get((source, html))
    if template is None:
        template = _compiled(source, html=html)
        _SHELF.put((source, html), template, weight=len(source) + 1_000)
    if known is not None and not all(name in known for name in template.variables):
        raise min(_unknown(template.variables, known, Finder(source, marks_of(source))), key=_position)
    return template


def parsed_mark(mark: str) -> nodes.Template:
    """Return the tree of one mark that stands in a checked template, its variables still under their names."""
    return _ENVIRONMENTS[False].parse(mark)


def check(source: str, *, known: Collection[str]) -> list[TemplateProblem]:
    """Return what is wrong with a template, for an editor, in reading order, 20 at most; empty when it may be used."""
    try:
        _bound(source)
        marks = marks_of(source)
        tree = _parsed(source, marks, html=False)
    except TemplateProblem as problem:
        return [problem]
    finder = Finder(source, marks)
    found = list(islice(problems_in(tree, finder), MOST_PROBLEMS)) or _uncompilable(source)
    names = Slots.of(tree).names()
    return sorted([*found, *_unknown(names, known, finder)], key=_position)[:MOST_PROBLEMS]


def _uncompilable(source: str) -> list[TemplateProblem]:
    try:
        compile_template(source)
    except TemplateProblem as problem:
        return [problem]
    return []


def _compiled(source: str, *, html: bool) -> Template:
    _bound(source)
    marks = marks_of(source)
    tree = _parsed(source, marks, html=html)
    for problem in problems_in(tree, Finder(source, marks)):
        raise problem
    slots = Slots.of(tree)
    judges = deciding(tree)
    code = _ENVIRONMENTS[html].from_string(slots.rewritten(tree))
    return Template(source, slots.names(), html, judges, slots=slots.pairs(), code=code)


def _bound(source: str) -> None:
    if len(source) > MAX_SOURCE:
        raise TemplateProblem(f"The text has {len(source):,} characters; {MAX_SOURCE:,} is the most.", code="too_long")
    if found := _UNWELCOME.search(source):
        line, column = place(source, found.start())
        words = "The text holds a character that no mail can carry."
        hint = "Delete it and write it anew."
        raise TemplateProblem(words, line=line, column=column, hint=hint, code="bad_character")


def _parsed(source: str, marks: list[Mark], *, html: bool) -> nodes.Template:
    for mark in marks:
        if _RAW.match(source, mark.start):
            line, column = place(source, mark.start)
            words = "The language has no raw blocks."
            raise TemplateProblem(words, line=line, column=column, code="not_allowed")
    try:
        return _ENVIRONMENTS[html].parse(_tidied(source, marks))
    except TemplateSyntaxError as error:
        raise explained(error, Finder(source, marks)) from error
    except (_TooMuch, RecursionError) as error:
        raise TemplateProblem("The template is too long or nested too deeply.", code="too_complex") from error
    except ValueError as error:  # a number of more digits than Python reads
        raise TemplateProblem("A number in the template has too many digits.", code="too_long") from error


def _tidied(source: str, marks: list[Mark]) -> str:
    """Let a line that holds nothing but one tag or comment leave no empty line in the message.

    The line end moves into the tag, so lines keep their numbers.
    """
    parts: list[str] = []
    done = 0
    for mark in marks:
        start = source.rfind("\n", 0, mark.start) + 1
        end = source.find("\n", mark.end)
        end = len(source) if end < 0 else end
        inner = source[mark.start : mark.end]
        if mark.opening == "{{" or start < done or inner[-3] in "+-":
            continue
        if source[start : mark.start].strip(" \t") or source[mark.end : end].strip(" \t\r"):
            continue
        parts += [source[done:start], inner[:-2], source[end : end + 1], inner[-2:]]
        done = end + 1
    return "".join([*parts, source[done:]])


def _unknown(names: Collection[str], known: Collection[str], finder: Finder) -> Iterator[TemplateProblem]:
    for name in sorted(name for name in names if name not in known)[:MOST_PROBLEMS]:
        hint = did_you_mean(name, known)
        for line, column in [*finder.all(name)][:MOST_PROBLEMS] or [(1, 1)]:
            words = f"There is no “{name[:70]}”."
            yield TemplateProblem(words, line=line, column=column, hint=hint, code="unknown_variable")


def _position(problem: TemplateProblem) -> tuple[int, int]:
    return problem.line, problem.column


__all__ = ["NOTES", "Template", "check", "compile_template"]
