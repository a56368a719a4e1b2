"""What became of each person who was due on a day: exactly one cause for each, so that the causes add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from campaigns.calendar import Never, Schedule, next_open
from sending.pacing import UNTIL_MENDED, HoldCode
from sending.pacing.history import Cause, Span, closed_spans, main_reason, timeline

SENT, LATER = "sent", "later"


@dataclass(frozen=True, slots=True)
class LastWord:
    """The newest event of somebody in a campaign: an end (with its reason), a hold (with its code), or under way.

    led_until: a branch was taken, and the wait of the first message there is over then.
    """

    at: datetime
    ended: str = ""
    held: str = ""
    until: datetime | None = None
    is_under_way: bool = False
    led_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """Somebody in a campaign as they stood at the end of the span. due_at: of the step to come, None = none."""

    id: int
    enrolled_at: datetime
    zone: tzinfo
    sent_at: datetime | None
    due_at: datetime | None
    mailbox_id: int | None  # that carries them; None while any of the campaign's may
    last: LastWord | None
    receiver: str = ""  # who takes their mail
    side: str = ""  # what a mailbox left alone with them, where one did

    @property
    def is_new(self) -> bool:
        return self.sent_at is None


@dataclass(slots=True)
class DayOfCampaign:
    """[begin, end) of a day that lasts until `midnight`, with what held the campaign and its mailboxes."""

    begin: datetime
    end: datetime
    midnight: datetime
    schedule: Schedule
    mailboxes: Sequence[int]  # that carry new contacts
    of_all: Sequence[Span]  # what held everybody, or a mailbox with all whom it carries
    of_new: Sequence[Span]
    of_follow_ups: Sequence[Span]
    begins: Mapping[str, Sequence[int]] = field(default_factory=dict)  # of the mailboxes, by receiver; else all
    left_alone: Mapping[str, Sequence[Span]] = field(default_factory=dict)  # by mailboxes, by side: new contacts alone
    _known: dict[tuple[object, ...], str] = field(default_factory=dict, init=False)

    def cause_of(self, way: Way) -> str | None:
        """Return SENT, LATER, a cause, a hold's code or the reason of an end; None where nothing was planned."""
        if way.enrolled_at >= self.end:
            return None
        if way.sent_at is not None and way.sent_at >= self.begin:
            return SENT
        last = way.last
        if last is not None and last.ended:
            was_due = way.due_at is not None and way.due_at <= last.at
            return last.ended if last.at >= self.begin and was_due else None
        if last is not None and last.is_under_way:
            return Cause.UNDER_WAY
        if way.due_at is None or way.due_at >= self.midnight:
            return None
        held = self._held(last)
        return held or (LATER if way.due_at >= self.end else self._of_many(way, max(way.due_at, self.begin)))

    def _held(self, last: LastWord | None) -> str:
        """Return the hold of the person alone; outside of the windows is told by the schedule."""
        if last is None or last.held in {"", HoldCode.WINDOW}:
            return ""
        is_over = last.held not in UNTIL_MENDED and last.until is not None and last.until <= self.begin
        return "" if is_over else last.held

    def _of_many(self, way: Way, begin: datetime) -> str:
        key = begin, way.is_new, way.mailbox_id, way.zone, (way.receiver, way.side) if way.is_new else ""
        if key not in self._known:
            self._known[key] = self._reckoned(way, begin)
        return self._known[key]

    def _reckoned(self, way: Way, begin: datetime) -> str:
        mailboxes = (
            [way.mailbox_id] if way.mailbox_id is not None else list(self.begins.get(way.receiver, self.mailboxes))
        )
        spans = [
            *((*self.of_new, *self.left_alone.get(way.side, ())) if way.is_new else self.of_follow_ups),
            *self.of_all,
            *closed_spans(self.schedule, way.zone, "", begin, self.end),
        ]
        reason = main_reason(timeline(begin, self.end, spans, mailboxes=mailboxes, in_line=""))
        code = reason.code if reason else Cause.IN_LINE
        opens = next_open(self.schedule, way.zone, self.end)
        if code == HoldCode.WINDOW and not isinstance(opens, Never) and self.end <= opens < self.midnight:
            return LATER
        return code


def counted(causes: Mapping[int, str]) -> list[tuple[str, int]]:
    """Return how many have each cause, most first; SENT last, as what is left."""
    counts: dict[str, int] = {}
    for cause in causes.values():
        counts[cause] = counts.get(cause, 0) + 1
    rows = sorted(counts.items(), key=lambda pair: (pair[0] == SENT, -pair[1], pair[0]))
    return rows if SENT in counts else [*rows, (SENT, 0)]
