"""What nobody should get: faults of a wording that forbid a launch, and any later edit that would send them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from campaigns.templating import Severity, check, check_spin, lint


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its code, the part of the wording (a column; "" is the whole), what it is, and the way out."""

    code: str
    part: str
    words: str
    fix: str
    line: int = 0  # from 1; 0 where none is known


def faults_of(
    subject: str, body_text: str, body_html: str, *, known: Collection[str], opens_thread: bool
) -> Iterator[Fault]:
    """Return the problems of the template language, then what the lint forbids, like a pretended answer.

    known: the variables that the workspace has. opens_thread: the subject is its own.
    """
    for part, source in (("subject", subject), ("body_text", body_text), ("body_html", body_html)):
        for one in (*check_spin(source), *check(source, known=known)):
            yield Fault("template", part, one.message, one.hint or "Mend the wording.", one.line)
    for found in lint(subject, body_text, body_html, opens_thread=opens_thread):
        if found.severity is Severity.BLOCK:
            yield Fault(found.code, "", found.what, found.fix)
