"""The people of a simulation who wait: new contacts in line by their number, follow-ups by when they are due again.

Whoever shares campaign, zone and kind of step gets the same verdict at the same instant. Who is looked at in vain is
put off alone, as a claim does it: that decides who comes first afterwards, and how many are looked at until then. New
contacts keep their turn whatever puts them off, so those of a line who wait for its opening stand in front of the rest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo
from heapq import heappop, heappush
from itertools import chain
from typing import NamedTuple

from sending.pacing.gates import LeadFacts
from sending.pacing.scenario import ScenarioCampaign
from sending.pacing.verdicts import HoldCode

_TRIMMED = 1_000  # so many who are gone stay in a list before it is made shorter


class Line:
    """People of one campaign in one zone, whom the gates cannot tell apart."""

    __slots__ = ("campaign", "closed_until", "code", "facts", "zone")

    def __init__(self, campaign: ScenarioCampaign, zone: tzinfo, now: datetime, *, is_follow_up: bool) -> None:
        self.campaign = campaign
        self.zone = zone
        self.facts = LeadFacts(
            schedule=campaign.schedule, zone=zone, zone_name=str(zone), is_follow_up=is_follow_up,
            new_leads_limit=campaign.new_leads_limit,
        )  # fmt: skip
        self.closed_until = now
        self.code: HoldCode | None = None  # why it is closed

    def close(self, until: datetime, code: HoldCode) -> None:
        """Note until when nobody of it may be written to."""
        self.closed_until, self.code = until, code

    def opens_at(self, instant: datetime) -> bool:
        """Say whether it is what lies behind `code` that ends at an instant."""
        return self.closed_until == instant


class Queue(Line):
    """Those of a line who wait for their first message, in the order in which they were enrolled.

    Whom a claim looks at in vain is put off until the line opens; whoever stands behind them stays due.
    """

    __slots__ = (
        "_due", "_fresh", "_head", "_places", "_put_off", "_put_off_until", "_since", "first", "open_until", "ready_at",
        "side", "written_from",
    )  # fmt: skip

    def __init__(self, campaign: ScenarioCampaign, zone: tzinfo, now: datetime, *, side: str = "") -> None:
        super().__init__(campaign, zone, now, is_follow_up=False)
        self.side = side  # what some mailbox of the campaign leaves alone with them; "" where none does
        self.written_from = now  # from when on some mailbox of the campaign may write there
        self.open_until = now  # known to be open until then
        self.first: int | None = None  # who is due and comes first: by id, whenever due, as the claim has it
        self.ready_at: datetime | None = None  # when somebody may be looked at; None when nobody waits
        self._fresh: list[tuple[datetime, int]] = []  # not due when last looked at: by instant, then by id
        self._due: list[int] = []  # ids, in order; those before _head are gone
        self._head = 0
        self._put_off = 0  # of them, how many from the first on wait for the opening of the line
        self._put_off_until = now
        self._since = now  # since when the others are due
        self._places: dict[int, int] = {}  # of their steps, where that is not the first

    def __len__(self) -> int:
        return len(self._fresh) + len(self._due) - self._head

    def gather(self, now: datetime) -> None:
        """Let those who are due stand in line by id."""
        if self._put_off and self._put_off_until <= now:
            self._since = self._put_off_until if self.first is None else min(self._since, self._put_off_until)
            self._put_off = 0
        elif not self._fresh or self._fresh[0][0] > now:
            return
        if self._put_off == len(self._due) - self._head and self._fresh:
            self._since = self._fresh[0][0]
        while self._fresh and self._fresh[0][0] <= now:
            _, person_id = heappop(self._fresh)
            place = bisect_left(self._due, person_id, self._head)
            self._due.insert(place, person_id)
            self._put_off += place < self._head + self._put_off
        self._settle()

    def add(self, due: datetime, person_id: int, place: int) -> None:
        """Let somebody wait for the step at `place` until `due`."""
        heappush(self._fresh, (due, person_id))
        if place:
            self._places[person_id] = place
        self._settle()

    def close(self, until: datetime, code: HoldCode) -> None:
        """Let nobody be looked at until an instant; all stay due, as those whom their campaign holds as a whole."""
        super().close(until, code)
        self._settle()

    def next_due(self, most: int) -> list[int]:
        """Return the ids of the first `most` who are due."""
        begin = self._head + self._put_off
        return self._due[begin : begin + most]

    def put_off(self, until: datetime, code: HoldCode, *, before: int | None) -> bool:
        """Put off, until the line opens, who is due and stands before that id; say whether that is anybody."""
        begin = self._head + self._put_off
        end = len(self._due) if before is None else bisect_left(self._due, before, begin)
        self._put_off_until, self.code = until, code
        self._put_off += end - begin
        self._settle()
        return end > begin

    def opens_at(self, instant: datetime) -> bool:
        """Say whether it is what lies behind `code` that ends at an instant."""
        return super().opens_at(instant) or (self._put_off > 0 and self._put_off_until == instant)

    def postpone(self, until: datetime) -> None:
        """Let the first alone wait until an instant: what holds them holds nobody else."""
        person_id, place = self.take()
        self.add(until, person_id, place)

    def take(self) -> tuple[int, int]:
        """Remove the first who is due, and return their id and the place of their step."""
        place = self._head + self._put_off
        person_id = self._due[place]
        if self._put_off:
            del self._due[place]
        else:
            self._head += 1
            if self._head > _TRIMMED:
                del self._due[: self._head]
                self._head = 0
        self._settle()
        return person_id, self._places.pop(person_id, 0)

    def _settle(self) -> None:
        """Work out who comes first and when, which is asked far more often than it changes."""
        place = self._head + self._put_off
        self.first = self._due[place] if place < len(self._due) else None
        ready = self._since if self.first is not None else self._put_off_until if self._put_off else None
        if self._fresh and (ready is None or self._fresh[0][0] < ready):
            ready = self._fresh[0][0]
        self.ready_at = ready and max(ready, self.closed_until)


def bound_of(queues: Sequence[Queue], most: int) -> int | None:
    """Return the id that ends the first `most` who are due in some lines; None where they are no more than that."""
    firsts = sorted(chain.from_iterable(queue.next_due(most + 1) for queue in queues))
    return firsts[most] if len(firsts) > most else None


class Waiting(NamedTuple):
    """Somebody who waits for the step at `place`; in order by their instant, then by id."""

    due: datetime
    person_id: int
    place: int
    line: Line


class FollowUps:
    """Those who wait for a follow-up from one mailbox."""

    __slots__ = ("_lines", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._lines: dict[tuple[int, tzinfo], Line] = {}

    def add(self, one: Waiting) -> None:
        heappush(self._waiting, one)

    def line(self, campaign: ScenarioCampaign, zone: tzinfo, now: datetime) -> Line:
        """Return the line of a campaign's people in a zone."""
        key = campaign.id, zone
        if key not in self._lines:
            self._lines[key] = Line(campaign, zone, now, is_follow_up=True)
        return self._lines[key]

    @property
    def first(self) -> Waiting | None:
        return self._waiting[0] if self._waiting else None

    def take_due(self, now: datetime, most: int) -> list[Waiting]:
        """Remove the first who are due and return them, in order."""
        waiting = self._waiting
        found: list[Waiting] = []
        while waiting and len(found) < most and waiting[0].due <= now:
            found.append(heappop(waiting))
        return found

    def promised(self, before: datetime, *, most: int) -> list[datetime]:
        """Return when those are due who wait until an instant before `before`; others in line cost nothing.

        It ends with the `most` it was asked for, whoever they are: more would be of no consequence.
        """
        waiting, count = self._waiting, len(self._waiting)
        if most <= 0 or not waiting or waiting[0].due >= before:
            return []
        found: list[datetime] = []
        places = [0]
        for place in places:  # down the heap, as far as it is early enough
            if place < count and waiting[place].due < before:
                found.append(waiting[place].due)
                if len(found) == most:
                    break
                places += (2 * place + 1, 2 * place + 2)
        return found

    def left(self) -> Counter[int]:
        """Return how many wait, by campaign."""
        return Counter(one.line.campaign.id for one in self._waiting)
