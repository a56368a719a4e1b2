"""Whether a subject begins as an answer or a forwarded mail does, in whatever guise it is written."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from campaigns.templating.lint.lists import lookalikes, thread_marks
from campaigns.templating.readings import Reading, Value, Ways, reading_of

_COUNTED = re.compile(r"(?:\[\d{0,3}\]?|\(\d{0,3}\)?|\^\d{0,3})?")  # Re[2]:, Re(2):, Re^2:
_COLON = ":"
_COLONS = frozenset(":\ua789\u2236\u02d0\u05c3")
_KEPT = frozenset("[]()^")
# Letters by their class, yet nothing is seen of them: the fillers of Hangul.
_UNSEEN = frozenset("\u115f\u1160")
_HIT = _COLON  # stands among the beginnings where one is complete
_NEITHER = re.compile(r"[^a-z0-9:\[\]()^]+")
_MOST = 2_000  # characters of one piece that are looked at: a subject has 500


def pretends(subject: str) -> bool:
    """Say whether a subject, as it is written, may begin like an answer: by any choice, quoted or hidden.

    A value that is not known yet is taken for a word of its own: ask `reads_pretended` of what is rendered.
    """
    return _HIT in _walk(reading_of(subject), {""})


def reads_pretended(subject: str) -> bool:
    """Say whether a subject as it is rendered begins like an answer."""
    return _grown("", _seen(subject)) == _HIT


def may_pretend(value: str) -> bool:
    """Say whether a subject may begin like an answer because of this value."""
    return _grown("", _seen(value)) not in {None, ""}


def _walk(reading: Reading, begun: set[str]) -> set[str]:
    """Return how the subject may have begun after a text, of all that may yet become a mark of answers."""
    for piece in reading:
        match piece:
            case str():
                text = _seen(piece)
                begun = {grown for one in begun if (grown := _grown(one, text)) is not None}
            case Value():
                begun = begun & {_HIT}
            case Ways(options):
                begun = set().union(*(_walk(option, begun) for option in options))
        if not begun:
            break
    return begun


def _grown(begun: str, text: str) -> str | None:
    """Return a beginning with a text behind it; None where it can be no mark of answers any more."""
    if begun == _HIT:
        return _HIT
    before, colon, _ = (begun + text).lstrip(":[]()^").partition(_COLON)
    for mark in _marks():
        if before.startswith(mark) and _COUNTED.fullmatch(before, len(mark)):
            return _HIT if colon else before
        if not colon and mark.startswith(before):
            return before
    return None


def _seen(text: str) -> str:
    """Return the letters and digits that are seen of a text, small, Latin where they look so, with colons and brackets.

    NFKD takes the marks off the letters and makes usual letters of wide, bold and circled ones.
    """
    if text.isascii():  # most of them
        return _NEITHER.sub("", text[:_MOST].lower())
    plain = unicodedata.normalize("NFKD", text[:_MOST]).casefold()
    shown = (_COLON if one in _COLONS else lookalikes().get(one, one) for one in plain if one not in _UNSEEN)
    return "".join(one for one in shown if one == _COLON or one.isalnum() or one in _KEPT)


@cache
def _marks() -> tuple[str, ...]:
    return tuple(_seen(mark) for mark in thread_marks())
