"""What would be untrue or unfinished: a pretended thread, places of other programs, fallbacks of nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import nodes

from campaigns.templating.filters import SHORT_NAMES
from campaigns.templating.language import parsed_mark
from campaigns.templating.lint.findings import Finding, Severity
from campaigns.templating.lint.pretence import pretends
from campaigns.templating.marks import marks_of
from campaigns.templating.places import PLACE
from campaigns.templating.problems import TemplateProblem
from campaigns.templating.uses import uses

# What other programs call a variable: [First Name], %FIRST_NAME%, <<name>>, *|FNAME|*, ${name}.
_FOREIGN = re.compile(
    r"\[(?:first|last|full|your|company|insert|contact)[ _-]?[a-z_ ]{0,30}\]|%[a-z]+_[a-z_]{1,30}%|<<[a-z][\w ]{0,30}>>"
    r"|\*\|[a-z0-9_:]{1,30}\|\*|\$\{[a-z][\w.]{0,40}\}|\{\{|\}\}|\{%|%\}",
    re.IGNORECASE,
)


def honesty(subject: str) -> Iterator[Finding]:
    """Yield what the subject of a message that opens a thread pretends, by any of its choices and quoted texts."""
    if pretends(subject):
        yield Finding(
            "fake_thread",
            Severity.BLOCK,
            "The subject pretends to answer or to forward something.",
            "The message opens a thread, and a misleading subject is unlawful (15 USC 7704(a)(2)).",
            "Drop the Re: or Fwd:.",
        )


def tokens(text: str) -> Iterator[Finding]:
    """Yield what would be sent as it stands and was meant to be filled in."""
    found = sorted({one[0] for one in _FOREIGN.finditer(PLACE.sub("", text))})
    if found:
        yield Finding(
            "unrendered_token",
            Severity.BLOCK,
            f"This would be sent as it stands: {', '.join(found[:5])}.",
            "Nothing tells a reader faster that a machine wrote.",
            "Write variables as {{ first_name }}.",
        )
    places = sorted({one[0] for one in PLACE.finditer(text)})
    if places:
        yield Finding(
            "open_place",
            Severity.BLOCK,
            f"This is still to be filled in: {', '.join(places[:5])}.",
            "The template left it to you, and it would be sent as it stands.",
            "Write in its place what belongs there.",
        )


def empty_fallbacks(source: str) -> list[Finding]:
    """Return the fallbacks that leave a hole, as default('') does."""
    names: set[str] = set()
    try:
        for mark in marks_of(source):
            if mark.opening == "{{":
                names |= set(_emptied(parsed_mark(source[mark.start : mark.end])))
    except (TemplateProblem, ValueError, RecursionError, SyntaxError):  # the editor tells of what cannot be read
        return []
    if not names:
        return []
    what = f"Where {', '.join(sorted(names)[:5])} is missing, nothing stands in its place."
    why = "The guard takes the empty fallback for your decision, and the reader gets “Hi ,”."
    fix = "Write words into the fallback, or put the passage between {% if %} and {% endif %}."
    return [Finding("empty_fallback", Severity.WARN, what, why, fix)]


def _emptied(tree: nodes.Node) -> Iterator[str]:
    for node in tree.find_all(nodes.Filter):
        if SHORT_NAMES.get(node.name, node.name) != "default" or node.node is None or not node.args:
            continue
        fallback = node.args[0]
        if isinstance(fallback, nodes.Const) and not str(fallback.value).strip():
            yield from (name for name, _ in uses(node.node))
