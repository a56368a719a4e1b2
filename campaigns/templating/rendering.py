"""Render a checked template with one contact's values, and refuse what a person must not get."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from campaigns.templating.language import NOTES, Template
from campaigns.templating.places import PLACE
from campaigns.templating.problems import MissingValue, TemplateProblem
from campaigns.templating.values import Empty

MAX_VALUE = 4_096
MAX_OUTPUT = 512_000
_MARKS = ("{{", "}}", "{%")
_OPEN = re.compile(rf"{PLACE.pattern}|\{{\{{[^{{}}\n]{{1,80}}\}}\}}|\{{%[^{{}}\n]{{1,80}}%\}}")


def render(template: Template, values: Mapping[str, str], *, limit: int = MAX_OUTPUT) -> str:
    """Return the text for these values.

    Raises MissingValue naming every value that would have been printed empty, TemplateProblem when a value that is
    used has over 4,096 characters, or when the result is longer than `limit`, still holds template marks, or a place
    that was left open.
    """
    text, lacking = _render(template, values, limit=limit)
    if lacking:
        raise MissingValue(lacking)
    if any(mark in text for mark in _MARKS):
        hint = "The text or a value of this contact holds {{, }} or {%."
        raise TemplateProblem("The message would still hold template marks.", hint=hint, code="unrendered")
    if "[[" in text and (found := PLACE.search(text)):
        hint = "Write in its place what belongs there. A template of the library left it open."
        raise TemplateProblem(f"The message would still hold {found[0]}.", hint=hint, code="unrendered")
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        hint = "A value of this contact holds it."
        raise TemplateProblem("The message would hold half a character.", hint=hint, code="bad_character")
    return text


def render_open(template: Template, values: Mapping[str, str], *, limit: int = MAX_OUTPUT) -> str:
    """Return the text for somebody who will go on writing it: what is lacking stays open, as [[its name]].

    Raises TemplateProblem when a value that is used has over 4,096 characters, or the result is longer than `limit`.
    """
    text, lacking = _render(template, values, limit=limit)
    if not lacking:
        return text
    return _render(template, {**values, **{name: f"[[{name}]]" for name in lacking}}, limit=limit)[0]


def left_open(text: str) -> Sequence[str]:
    """Return what a text that is to be sent still leaves open, in reading order: places, and marks of the language."""
    return list(dict.fromkeys(found[0] for found in _OPEN.finditer(text)))


def missing(template: Template, values: Mapping[str, str]) -> frozenset[str]:
    """Return the values that would be printed empty for this contact; a branch that is not taken does not count."""
    return frozenset(_render(template, values, limit=MAX_OUTPUT)[1])


def _render(template: Template, values: Mapping[str, str], *, limit: int) -> tuple[str, set[str]]:
    lacking: set[str] = set()
    code = template.code
    parts: list[str] = []
    length = 0
    try:
        for part in code.root_render_func(code.new_context(_slots(template, values, lacking))):
            length += len(part)
            if length > limit:
                raise TemplateProblem(f"The message would be longer than {limit:,} characters.", code="too_long")
            parts.append(part)
    except TypeError as error:  # two kinds of values that only this contact brings together
        raise TemplateProblem("A comparison meets a text where it needs a number.", code="render") from error
    return "".join(parts), lacking


def _slots(template: Template, values: Mapping[str, str], lacking: set[str]) -> dict[str, object]:
    filled: dict[str, object] = {NOTES: lacking}
    for name, slot in template.slots:
        value = values.get(name, "")
        if len(value) > MAX_VALUE:
            words = f"“{name}” has {len(value):,} characters; {MAX_VALUE:,} is the most in a message."
            raise TemplateProblem(words, hint="Shorten the value of this contact.", code="value_too_long")
        filled[slot] = value if value and not value.isspace() else Empty(name, lacking)
    return filled
