"""Say in a writer's words what a parser says in its own."""

from __future__ import annotations

import re
from collections.abc import Callable

from jinja2 import TemplateSyntaxError

from campaigns.templating.filters import FILTERS, SHORT_NAMES
from campaigns.templating.hints import did_you_mean
from campaigns.templating.marks import Finder
from campaigns.templating.problems import TemplateProblem

# What is found, what may have been meant, the sign to look for in the line, and the code.
Said = tuple[str, str, str, str]
_VARIABLE = "A variable is written {{ first_name }}."
_SMART_QUOTES = frozenset("\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u0060\u00b4")


def explained(error: TemplateSyntaxError, finder: Finder) -> TemplateProblem:
    """Return the problem that a syntax error stands for."""
    raw = error.message or ""
    message, hint, sign, code = next(
        (say(found) for pattern, say in _SAYINGS if (found := pattern.search(raw))),
        ("This cannot be read.", _VARIABLE, "", "syntax"),
    )
    line = error.lineno or 1
    return TemplateProblem(message, line=line, column=finder.column(line, sign), hint=hint, code=code)


def _unknown_tag(found: re.Match[str]) -> Said:
    hint = "There are if, elif, else and endif."
    if found[1] in {"else", "elif", "endif"}:
        return f"This {found[1]} belongs to no if.", "Write {% if city %} before it.", found[1], "syntax"
    return f"There is no tag “{found[1][:60]}”.", hint, found[1], "not_allowed"


def _unknown_filter(found: re.Match[str]) -> Said:
    hint = did_you_mean(found[1], [*FILTERS, *SHORT_NAMES]) or f"There are {', '.join(FILTERS)}."
    return f"There is no filter “{found[1][:60]}”.", hint, found[1], "unknown_filter"


def _unknown_test(found: re.Match[str]) -> Said:
    hint = "There are “is defined” and “is undefined”."
    return f"There is no test “{found[1][:60]}”.", hint, found[1], "not_allowed"


def _strange_sign(found: re.Match[str]) -> Said:
    sign = found[1].encode("ascii", "backslashreplace").decode("unicode-escape") if "\\" in found[1] else found[1]
    if sign in _SMART_QUOTES:
        return f"The quotes {sign} are typographic.", "Use straight ones: ' or \".", sign, "syntax"
    if not sign.isprintable():
        words = f"There is a blank of another kind, or a sign that cannot be seen (U+{ord(sign):04X})."
        return words, "Delete it and type a space: it came along with what was pasted.", sign, "syntax"
    return f"The sign {sign} means nothing here.", _VARIABLE, sign, "syntax"


def _two_words(found: re.Match[str]) -> Said:
    hint = "A name has no spaces: first_name. A text stands in quotes."
    return f"“{found[1][:60]}” does not belong here.", hint, found[1], "syntax"


def _unexpected(found: re.Match[str]) -> Said:
    return f"“{found[1][:60]}” does not belong here.", _VARIABLE, found[1], "syntax"


def _fixed(message: str, hint: str, sign: str = "") -> Callable[[re.Match[str]], Said]:
    return lambda _found: (message, hint, sign, "syntax")


_SAYINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Said]], ...] = (
    (re.compile(r"unknown tag '([^']*)'"), _unknown_tag),
    (re.compile(r"No filter named '([^']*)'"), _unknown_filter),
    (re.compile(r"No test named '([^']*)'"), _unknown_test),
    (
        re.compile(r"looking for the following tags"),
        _fixed("An if is not closed.", "Write {% endif %} after it.", "if"),
    ),
    (re.compile(r"Expected an expression, got 'end of"), _fixed("There is nothing in these braces.", _VARIABLE)),
    (re.compile(r"unexpected char '(.+?)' at \d"), _strange_sign),
    (re.compile(r"expected token 'end of [a-z ]+', got '?([^']+)"), _two_words),
    (re.compile(r"unexpected '(.+?)'"), _unexpected),
)
