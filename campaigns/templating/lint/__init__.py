"""Look at a wording as a filter and a reader would: what is likely to hurt it, why, and how to mend it."""

from __future__ import annotations

from campaigns.templating.lint.findings import Finding, Identity, Severity
from campaigns.templating.lint.honesty import empty_fallbacks, honesty, tokens
from campaigns.templating.lint.identity import identity
from campaigns.templating.lint.links import links
from campaigns.templating.lint.page import page_of
from campaigns.templating.lint.tone import tone
from campaigns.templating.lint.weight import weight
from campaigns.templating.marks import marks_of, prints
from campaigns.templating.problems import TemplateProblem

__all__ = ["Finding", "Identity", "Severity", "lint"]


def lint(
    subject: str, body: str, html: str = "", *, is_first: bool = True, signed: Identity | None = None
) -> list[Finding]:
    """Return the weaknesses of a wording as its author wrote it, or as it was rendered; the gravest first.

    Names and quoted texts inside template marks do not count. `is_first` says that no mail went before it. Who signs
    is only judged where `signed` tells it.
    """
    found = empty_fallbacks(f"{subject}\n{body}\n{html}")
    places_signature = "sender.signature" in f"{body}{html}"
    shows_address = prints(body, "sender.postal_address")
    subject, body, html = _bare(subject), _bare(body), _bare(html)
    page = page_of(html)
    found += [*honesty(subject, is_first=is_first), *tokens(f"{subject}\n{body}\n{page.text}")]
    found += [*links(body, page), *weight(subject, body, html, page), *tone(f"{subject}\n{body}", html)]
    if signed is not None:
        text = f"{body}\n{signed.address}" if shows_address else body
        found += identity(text, signed, is_first=is_first, places_signature=places_signature)
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
