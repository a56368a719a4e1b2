"""Why somebody was not written to in a span of the past: of all that held them, what bound at each moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from campaigns.calendar import Never, Schedule, closed_parts, closed_words, next_open, window_end
from sending.pacing.verdicts import HoldCode


class Cause(StrEnum):
    """What can keep somebody from getting a message beside the gates' holds."""

    NOT_ENROLLED = "not_enrolled"  # not in the campaign yet
    OVER = "over"  # the sequence was done or called off
    UNDER_WAY = "under_way"  # a message was in the outbox's hands: refused for now, or in doubt
    WAIT = "wait"  # the step's own wait
    STANDSTILL = "standstill"  # nothing at all leaves: whether this database is the right one has to be confirmed
    IN_LINE = "in_line"  # nothing spoke against it: others went first


# What binds when several hold at once: what no later look could pass comes first. Unknown holds are holds of a person.
_ORDER = {
    Cause.NOT_ENROLLED: 0, Cause.OVER: 0, Cause.UNDER_WAY: 1, Cause.WAIT: 2, HoldCode.CAMPAIGN_PAUSED: 3,
    HoldCode.WINDOW: 5,
}  # fmt: skip
_OF_PERSON, _OF_MANY, _OF_MAILBOX = 4, 6, 7


@dataclass(frozen=True, slots=True)
class Span:
    """[begin, end) in which something held. mailbox_id: it held only what that mailbox would carry."""

    begin: datetime
    end: datetime
    code: str
    words: str
    mailbox_id: int | None = None
    of_many: bool = False  # of a campaign or a mailbox as a whole, not of the person

    @property
    def length(self) -> timedelta:
        return self.end - self.begin


def closed_spans(schedule: Schedule, zone: tzinfo, zone_name: str, begin: datetime, end: datetime) -> list[Span]:
    """Return the parts of [begin, end) that lie outside of every window, in order; a closed day is one of its own."""
    found = []
    at = begin
    while at < end:
        opens = next_open(schedule, zone, at)
        closed_until = end if isinstance(opens, Never) else min(opens, end)
        if closed_until > at:
            words = opens.reason if isinstance(opens, Never) else f"Outside the sending window in {zone_name}."
            found += _outside(schedule, zone, Span(at, closed_until, HoldCode.WINDOW, words))
        if isinstance(opens, Never) or opens >= end:
            break
        at = window_end(schedule, zone, opens)
    return found


def _outside(schedule: Schedule, zone: tzinfo, span: Span) -> list[Span]:
    """Return the span, cut where closed days begin and end."""
    found, at = [], span.begin
    for begin, end, day in closed_parts(schedule, zone, span.begin, span.end):
        if begin > at:
            found.append(replace(span, begin=at, end=begin))
        words = closed_words(schedule.names.get(day, ""), day)
        found.append(replace(span, begin=begin, end=end, words=words))
        at = end
    return [*found, replace(span, begin=at)] if at < span.end else found


def timeline(
    begin: datetime, end: datetime, spans: Iterable[Span], *, mailboxes: Collection[int], in_line: str
) -> list[Span]:
    """Return what bound at each moment of [begin, end): spans that touch and fill it, in the order of time.

    What held a mailbox binds only while each of the `mailboxes` was held. in_line says what happened where nothing did.
    """
    inside = [span for span in spans if span.begin < end and span.end > begin]
    edges = sorted({begin, end, *(at for span in inside for at in (span.begin, span.end) if begin < at < end)})
    found: list[Span] = []
    for start, stop in pairwise(edges):
        over = [span for span in inside if span.begin <= start and span.end >= stop]
        bound = _binding(over, mailboxes) or Span(start, stop, Cause.IN_LINE, in_line)
        if found and (found[-1].code, found[-1].words) == (bound.code, bound.words):
            found[-1] = replace(found[-1], end=stop)
        else:
            found.append(replace(bound, begin=start, end=stop))
    return found


def main_reason(line: Sequence[Span]) -> Span | None:
    """Return what mattered most of a timeline: the longest reason within the hours of sending, else the longest."""
    totals: dict[str, timedelta] = {}
    for span in line:
        totals[span.code] = totals.get(span.code, timedelta(0)) + span.length
    if not totals:
        return None
    # The hours before somebody was there, and those outside of the windows, matter only where there was nothing else.
    within = [code for code in totals if code not in {HoldCode.WINDOW, Cause.NOT_ENROLLED}]
    code = max(within or [code for code in totals if code == HoldCode.WINDOW] or totals, key=lambda one: totals[one])
    return max((span for span in line if span.code == code), key=lambda span: span.length)


def _binding(over: Sequence[Span], mailboxes: Collection[int]) -> Span | None:
    of_mailboxes = {span.mailbox_id: span for span in over if span.mailbox_id is not None}  # the latest to begin
    others = [span for span in over if span.mailbox_id is None]
    if mailboxes and of_mailboxes.keys() >= set(mailboxes):
        # Many mailboxes, many reasons: the one that would have ended first is what was waited for.
        others.append(min((of_mailboxes[pk] for pk in mailboxes), key=lambda span: span.end))
    return min(others, key=_rank, default=None)


def _rank(span: Span) -> int:
    if span.mailbox_id is not None:
        return _OF_MAILBOX
    return _OF_MANY if span.of_many else _ORDER.get(span.code, _OF_PERSON)  # type: ignore[call-overload]
