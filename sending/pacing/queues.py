"""The people of a simulation who wait: new contacts in queues that are held as one, follow-ups each for themselves.

Whoever shares campaign, zone and kind of step gets the same verdict at the same instant. New contacts keep their turn
whatever puts them off, so that a hold of the first is a hold of all who are due. A follow-up stands in line by its
instant, and that moves when it is looked at in vain: who is looked at decides who comes first afterwards.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, tzinfo
from heapq import heappop, heappush
from typing import NamedTuple

from sending.pacing.gates import LeadFacts
from sending.pacing.scenario import ScenarioCampaign
from sending.pacing.verdicts import HoldCode

Turn = tuple[datetime, int]  # due, then id


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


class Queue(Line):
    """Those of a line who wait for their first message, in the order in which they were enrolled."""

    __slots__ = ("_fresh", "_held", "_held_until", "ready_at", "turn")

    def __init__(self, campaign: ScenarioCampaign, zone: tzinfo, now: datetime) -> None:
        super().__init__(campaign, zone, now, is_follow_up=False)
        self.turn: Turn | None = None  # of the first; None when nobody waits
        self.ready_at: datetime | None = None  # when the first may be looked at; None when nobody waits
        self._fresh: list[tuple[datetime, int, int]] = []  # never held: by due instant
        self._held: list[tuple[int, int]] = []  # held together, so due together: by id
        self._held_until = now

    def __len__(self) -> int:
        return len(self._fresh) + len(self._held)

    @property
    def rank(self) -> int:
        """Return what orders those who may be looked at, as the claim does: by id, whenever due."""
        assert self.turn is not None  # somebody waits
        return self.turn[1]

    def gather(self, now: datetime) -> None:
        """Let those who are due stand in line by id."""
        if not self._fresh or self._fresh[0][0] > now:
            return
        while self._fresh and self._fresh[0][0] <= now:
            _, person_id, place = heappop(self._fresh)
            heappush(self._held, (person_id, place))
        self._held_until = min(self._held_until, now)
        self._settle()

    def add(self, due: datetime, person_id: int, place: int) -> None:
        """Let somebody wait for the step at `place` until `due`."""
        heappush(self._fresh, (due, person_id, place))
        self._settle()

    def hold(self, until: datetime, code: HoldCode) -> None:
        """Put off all who are due, and those who fall due before `until`, as the scheduler does one by one."""
        while self._fresh and self._fresh[0][0] < until:
            _, person_id, place = heappop(self._fresh)
            heappush(self._held, (person_id, place))
        self._held_until = until
        self.close(until, code)

    def close(self, until: datetime, code: HoldCode) -> None:
        """Let nobody be looked at until an instant; all stay due, as those whom their campaign holds as a whole."""
        super().close(until, code)
        self._settle()

    def postpone(self, until: datetime) -> None:
        """Let the first alone wait until an instant: what holds them holds nobody else."""
        person_id, place = self.take()
        self.add(until, person_id, place)

    def take(self) -> tuple[int, int]:
        """Remove the first and return their id and the place of their step."""
        if self._held and self.turn == (self._held_until, self._held[0][0]):
            person_id, place = heappop(self._held)
        else:
            _, person_id, place = heappop(self._fresh)
        self._settle()
        return person_id, place

    def _settle(self) -> None:
        turn: Turn | None = (self._held_until, self._held[0][0]) if self._held else None
        if self._fresh and (turn is None or self._fresh[0][:2] < turn):
            turn = self._fresh[0][:2]
        self.turn = turn
        self.ready_at = turn and max(turn[0], self.closed_until)


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
