"""Look at a wording as a filter and a reader would: what is likely to hurt it, why, and how to mend it."""

from __future__ import annotations

from campaigns.templating.lint.findings import Finding, Identity, Severity
from campaigns.templating.lint.honesty import empty_fallbacks, honesty, tokens
from campaigns.templating.lint.identity import identity
from campaigns.templating.lint.links import links
from campaigns.templating.lint.page import page_of
from campaigns.templating.lint.tone import tone
from campaigns.templating.lint.weight import weight
from campaigns.templating.marks import marks_of
from campaigns.templating.problems import TemplateProblem

__all__ = ["Finding", "Identity", "Severity", "lint"]


def lint(
    subject: str,
    body: str,
    html: str = "",
    *,
    opens_thread: bool = True,
    signed: Identity | None = None,
) -> list[Finding]:
    """Return the weaknesses of a wording as its author wrote it, or as it was rendered; the gravest first.

    Names and quoted texts inside template marks do not count, but for a subject that pretends to answer. `opens_thread`
    says that its subject is its own, as that of a first mail is. Who signs is only judged where `signed` tells it.
    """
    pretended = honesty(subject) if opens_thread else ()
    found = empty_fallbacks(f"{subject}\n{body}\n{html}")
    found += identity(body, html, signed, opens_thread=opens_thread) if signed is not None else ()
    subject, body, html = _bare(subject), _bare(body), _bare(html)
    page = page_of(html)
    found += [*pretended, *tokens(f"{subject}\n{body}\n{page.text}")]
    found += [*links(body, page), *weight(subject, body, html, page), *tone(f"{subject}\n{body}", html)]
    return sorted(found, key=lambda one: list(Severity).index(one.severity))


def _bare(source: str) -> str:
    """Return the text without its template marks; each printed value is one letter."""
    try:
        marks = marks_of(source)
    except TemplateProblem:
        return source
    parts = []
    at = 0
    for mark in marks:
        parts.append(source[at : mark.start])
        parts.append("x" if mark.opening == "{{" else "")
        at = mark.end
    return "".join([*parts, source[at:]])
