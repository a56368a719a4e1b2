"""What a wording may read as: each choice of its spin, each way of its conditions, each text that a mark may print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError, nodes

from campaigns.templating.admission import dotted
from campaigns.templating.filters import SHORT_NAMES
from campaigns.templating.language import parsed_mark
from campaigns.templating.marks import Mark
from campaigns.templating.problems import TemplateProblem
from campaigns.templating.spinning import Text, pieces_of

MOST_READINGS = 60
_TAG = re.compile(r"\{%[-+]?\s*(if|elif|else|endif)\b")
_UNKNOWN = "x"  # what stands for a value that is somebody's own


@dataclass(frozen=True, slots=True)
class Value:
    """A variable that a mark prints."""

    name: str


@dataclass(frozen=True, slots=True)
class Ways:
    """One of several texts stands here."""

    options: tuple[Reading, ...]


Reading = tuple["str | Value | Ways", ...]


def reading_of(source: str) -> Reading:
    """Return all that a wording may read as. A text that cannot be read as a template stands for itself."""
    try:
        return _read(source, pieces_of(source))
    except (TemplateProblem, TemplateSyntaxError, RecursionError):
        return (source,)


def readings(source: str, says: Callable[[str], bool], values: Mapping[str, str]) -> Iterator[str]:
    """Yield texts that the wording may read as, the one first that says least, then each choice at least once.

    says: whether a text says by itself what is looked for. values: what variables are known to print. MOST_READINGS at
    most, so that a wording of many choices takes no longer than a page may.
    """
    reading = reading_of(source)
    yield _least(reading, says, values)
    for number in range(min(_widest(reading), MOST_READINGS)):
        yield _text(reading, number, values)


def _least(reading: Reading, says: Callable[[str], bool], values: Mapping[str, str]) -> str:
    parts = []
    for piece in reading:
        match piece:
            case Ways(options):
                texts = [_least(option, says, values) for option in options]
                parts.append(next((text for text in texts if not says(text)), texts[0]))
            case _:
                parts.append(_plain(piece, values))
    return "".join(parts)


def _text(reading: Reading, number: int, values: Mapping[str, str]) -> str:
    return "".join(
        _text(piece.options[number % len(piece.options)], number, values)
        if isinstance(piece, Ways)
        else _plain(piece, values)
        for piece in reading
    )


def _widest(reading: Reading) -> int:
    """Return how many readings it takes to see each choice once, where those inside others are no deeper than most."""
    ways = [piece for piece in reading if isinstance(piece, Ways)]
    return max((len(one.options) * max(map(_widest, one.options)) for one in ways), default=1)


def _plain(piece: str | Value, values: Mapping[str, str]) -> str:
    return values.get(piece.name, _UNKNOWN) if isinstance(piece, Value) else piece


@dataclass
class _Open:
    """A condition that is not closed yet: what stood before it, and its ways so far."""

    before: list[str | Value | Ways]
    ways: list[Reading]
    has_else: bool = False


def _read(source: str, text: Text) -> Reading:
    made: list[str | Value | Ways] = []
    opened: list[_Open] = []
    for piece in text:
        if isinstance(piece, str):
            made.append(piece)
        elif isinstance(piece, tuple):
            made.append(Ways(tuple(_read(source, option) for option in piece)))
        elif piece.opening == "{{":
            made.append(_printed(source, piece))
        elif tag := _TAG.match(source, piece.start, piece.end):
            made = _turned(tag[1], made, opened)
    while opened:
        made = _turned("endif", made, opened)
    return tuple(made)


def _turned(tag: str, made: list[str | Value | Ways], opened: list[_Open]) -> list[str | Value | Ways]:
    """Return the list that goes on behind a tag of a condition."""
    if tag == "if":
        opened.append(_Open(made, []))
        return []
    if not opened:
        return made
    opened[-1].ways.append(tuple(made))
    if tag != "endif":
        opened[-1].has_else |= tag == "else"
        return []
    done = opened.pop()
    return [*done.before, Ways((*done.ways, *(() if done.has_else else ((),))))]


def _printed(source: str, mark: Mark) -> Ways:
    (output,) = parsed_mark(source[mark.start : mark.end]).body
    assert isinstance(output, nodes.Output)
    return Ways(tuple((one,) for node in output.nodes for one in _texts(node)))


def _texts(node: nodes.Node | None) -> Iterator[str | Value]:
    """Yield what an expression may print. Filters may set it in other letters, which nobody here looks at."""
    name = dotted(node) if node is not None else None
    if name is not None:
        yield Value(name)
        return
    match node:
        case nodes.Const():
            yield str(node.value)
        case nodes.Filter() if SHORT_NAMES.get(node.name, node.name) == "default":
            yield from _texts(node.node)
            yield from _texts(node.args[0] if node.args else None)
        case nodes.Filter():
            yield from _texts(node.node)
        case nodes.Or() | nodes.And():
            yield from _texts(node.left)
            yield from _texts(node.right)
        case nodes.CondExpr():
            yield from _texts(node.expr1)
            yield from _texts(node.expr2)
        case nodes.TemplateData():
            yield str(node.data)
        case None:
            yield ""
        case _:
            yield _UNKNOWN
