"""The windows of one day as a person writes them: 09:00-12:00, 13:00-17:00."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from campaigns.calendar.instants import MINUTES_A_DAY

MOST_SPANS_A_DAY = 6
_LONGEST = 200
_WHOLE_DAY = frozenset({"all day", "whole day", "24h", "24 h", "always"})
_SPLIT = re.compile(r"[,;\n]|\band\b")
_SPAN = re.compile(r"(?P<first>.+?)\s*(?:-|\u2013|\u2014|\bto\b|\buntil\b)\s*(?P<last>.+)")
_TIME = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?", re.ASCII)

Span = tuple[int, int]


class HoursProblem(ValueError):
    """A text that is no row of windows; the words name the piece and what to write instead."""


def parse_hours(text: str) -> tuple[Span, ...]:
    """Return the windows of a day as [start, end) in minutes, in order; none for an empty text.

    Takes 9-17, 09:00-12:30, 9am-5pm, 9.30 to 17; several with commas; "all day". 24:00, and 00:00 as an end, are the
    end of the day. Raises HoursProblem for a text that is none, for windows over midnight, and for those that overlap.
    """
    plain = text.strip().casefold()
    if len(plain) > _LONGEST:
        raise HoursProblem("That is too long: write the hours as 09:00-12:00, 13:00-17:00.")
    if plain in _WHOLE_DAY:
        return ((0, MINUTES_A_DAY),)
    spans = sorted(_span(piece.strip()) for piece in _SPLIT.split(plain) if piece.strip())
    if len(spans) > MOST_SPANS_A_DAY:
        raise HoursProblem(f"{len(spans)} windows are too many for one day: {MOST_SPANS_A_DAY} at most.")
    for one, after in pairwise(spans):
        if after[0] < one[1]:
            raise HoursProblem(f"{span_text(one)} and {span_text(after)} overlap.")
    return tuple(spans)


def hours_text(spans: Iterable[Span]) -> str:
    """Return windows as a person writes them."""
    return ", ".join(map(span_text, sorted(spans)))


def span_text(span: Span) -> str:
    """Return one window in words: 09:00-17:00; the end of the day is 24:00."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)


def _span(piece: str) -> Span:
    found = _SPAN.fullmatch(piece)
    if found is None:
        raise HoursProblem(f"“{piece[:40]}” is no window: write it as 09:00-17:00.")
    start, end = _minute(found["first"]), _minute(found["last"]) or MINUTES_A_DAY
    if start in {MINUTES_A_DAY, end}:
        raise HoursProblem(f"“{piece[:40]}” is empty: a window ends after it starts.")
    if end < start:
        raise HoursProblem(
            f"“{piece[:40]}” ends before it starts. Over midnight there are two windows: "
            f"{span_text((start, MINUTES_A_DAY))} here and {span_text((0, end))} on the day after."
        )
    return start, end


def _minute(text: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise HoursProblem(f"“{text.strip()[:20]}” is no time: write it as 09:00.")
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    half = (found["half"] or "")[:1]
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif half:
        raise HoursProblem(f"“{text.strip()[:20]}” is no time: with {half}m an hour is 1 to 12.")
    if minute > 59 or hour * 60 + minute > MINUTES_A_DAY:
        raise HoursProblem(f"“{text.strip()[:20]}” is no time: a day goes from 00:00 to 24:00.")
    return hour * 60 + minute
