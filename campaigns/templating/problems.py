"""What can be wrong with a template, or with the values for it."""

from __future__ import annotations

from collections.abc import Iterable


class TemplateProblem(ValueError):  # a problem that is shown, more than an error that is raised
    """A place in a template that is refused: where (both counted from 1), why, and what may have been meant.

    `code` is for tests and links: syntax, not_allowed, unknown_variable, unknown_filter, wrong_kind, too_long,
    too_complex, bad_character, spin (all of the template); value_too_long, unrendered, render, empty,
    fake_thread (of one message).
    """

    def __init__(self, message: str, *, line: int = 1, column: int = 1, hint: str = "", code: str = "syntax") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint
        self.code = code


class MissingValue(ValueError):
    """The wording uses values that this contact lacks, without a fallback."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        super().__init__(f"missing: {', '.join(sorted(self.names))}")
