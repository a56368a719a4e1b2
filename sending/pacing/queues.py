"""The people of a simulation who wait: one queue for all whom the gates cannot tell apart.

Whoever shares campaign, zone and kind of step gets the same verdict at the same instant, so that a hold of the first is
a hold of all who are due, whatever their number.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from heapq import heappop, heappush

from sending.pacing.gates import LeadFacts
from sending.pacing.scenario import ScenarioCampaign
from sending.pacing.verdicts import HoldCode

_ANY = datetime.min.replace(tzinfo=UTC)
Turn = tuple[datetime, int]  # due, then id


class Queue:
    """People of one campaign in one zone, who wait for their first message or for a follow-up from one mailbox."""

    __slots__ = (
        "_fresh", "_held", "_held_until", "campaign", "closed_until", "code", "facts", "ready_at", "turn", "zone",
    )  # fmt: skip

    def __init__(self, campaign: ScenarioCampaign, zone: tzinfo, now: datetime, *, is_follow_up: bool) -> None:
        self.campaign = campaign
        self.zone = zone
        self.facts = LeadFacts(
            schedule=campaign.schedule, zone=zone, zone_name=str(zone), is_follow_up=is_follow_up,
            new_leads_limit=campaign.new_leads_limit,
        )  # fmt: skip
        self.closed_until = now
        self.code: HoldCode | None = None  # why it is closed
        self.turn: Turn | None = None  # of the first; None when nobody waits
        self.ready_at: datetime | None = None  # when the first may be looked at; None when nobody waits
        self._fresh: list[tuple[datetime, int, int]] = []  # never held: by due instant
        self._held: list[tuple[int, int]] = []  # held together, so due together: by id
        self._held_until = now

    def __len__(self) -> int:
        return len(self._fresh) + len(self._held)

    @property
    def rank(self) -> tuple[datetime, int]:
        """Return what orders those who may be looked at, as the claim does: new contacts by id, whenever due."""
        assert self.turn is not None  # somebody waits
        return self.turn if self.facts.is_follow_up else (_ANY, self.turn[1])

    def gather(self, now: datetime) -> None:
        """Let new contacts who are due stand in line by id; follow-ups stand there as they fell due."""
        if self.facts.is_follow_up or not self._fresh or self._fresh[0][0] > now:
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

    def promised(self, before: datetime, *, most: int) -> list[datetime]:
        """Return when those are due who wait until an instant before `before`; others in line cost nothing.

        It ends with the `most` it was asked for, whoever they are: more would be of no consequence.
        """
        found = [self._held_until] * min(most, len(self._held)) if self._held_until < before else []
        fresh, count = self._fresh, len(self._fresh)
        if len(found) >= most or not fresh or fresh[0][0] >= before:
            return found
        places = [0]
        for place in places:  # down the heap, as far as it is early enough
            if place < count and fresh[place][0] < before:
                found.append(fresh[place][0])
                if len(found) == most:
                    break
                places += (2 * place + 1, 2 * place + 2)
        return found

    def hold(self, until: datetime, code: HoldCode) -> None:
        """Put off all who are due, and those who fall due before `until`, as the scheduler does one by one."""
        while self._fresh and self._fresh[0][0] < until:
            _, person_id, place = heappop(self._fresh)
            heappush(self._held, (person_id, place))
        self._held_until = self.closed_until = until
        self.code = code
        self._settle()

    def close(self, until: datetime, code: HoldCode) -> None:
        """Let nobody be looked at until an instant; all stay due, as those whom their campaign holds as a whole."""
        self.closed_until, self.code = until, code
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
