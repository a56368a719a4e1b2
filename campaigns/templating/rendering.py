"""Render a checked template with one contact's values, and refuse what a person must not get."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from jinja2 import Undefined, UndefinedError

from campaigns.templating.language import Template
from campaigns.templating.problems import MissingValue, TemplateProblem

MAX_VALUE = 4_000
MAX_OUTPUT = 512_000


class _Empty(Undefined):
    """A value that a contact lacks: it may be tested and defaulted, and is noted when it would be printed."""

    __slots__ = ()

    def __str__(self) -> str:
        notes = self._undefined_obj
        if isinstance(notes, set) and self._undefined_name is not None:
            notes.add(self._undefined_name)
        return ""

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Empty) or other == ""

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash("")


def render(template: Template, values: Mapping[str, str], *, limit: int = MAX_OUTPUT) -> str:
    """Return the text for these values.

    Raises MissingValue naming every value that would have been printed empty, TemplateProblem when the result is too
    long or still holds template marks. Values are cut at 4,000 characters.
    """
    text, lacking = _render(template, values, limit=limit)
    if lacking:
        raise MissingValue(lacking)
    if "{{" in text or "}}" in text or "{%" in text:
        raise TemplateProblem(
            "The message would still hold template marks ({{ or }}).",
            hint="A value of this contact or the text itself contains them.",
            code="unrendered",
        )
    return text


def missing(template: Template, values: Mapping[str, str]) -> frozenset[str]:
    """Return the values that would be printed empty for this contact; a branch that is not taken does not count."""
    return frozenset(_render(template, values, limit=MAX_OUTPUT)[1])


def _render(template: Template, values: Mapping[str, str], *, limit: int) -> tuple[str, set[str]]:
    lacking: set[str] = set()
    context = _context(template.variables, values, lacking)
    parts: list[str] = []
    length = 0
    try:
        for part in template.code.generate(context):
            length += len(part)
            if length > limit:
                raise TemplateProblem(f"The message would be longer than {limit:,} characters.", code="too_long")
            parts.append(part)
    except UndefinedError as error:
        raise TemplateProblem(f"This cannot be rendered: {error.message}.", code="render") from error
    except (TypeError, ValueError) as error:
        if isinstance(error, TemplateProblem):
            raise
        raise TemplateProblem(f"This cannot be rendered: {error}.", code="render") from error
    return "".join(parts), lacking


def _context(names: frozenset[str], values: Mapping[str, str], lacking: set[str]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for name in names:
        value = values.get(name, "")[:MAX_VALUE]
        filled = value if value.strip() else _Empty(obj=lacking, name=name)
        head, dot, tail = name.partition(".")
        if dot:
            groups.setdefault(head, {})[tail] = filled
        else:
            context[name] = filled
    return context | {head: SimpleNamespace(**members) for head, members in groups.items()}
