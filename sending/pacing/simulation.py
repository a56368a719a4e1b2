"""The real pacing on a virtual clock: the same gates, budgets and gaps, asked at each instant at which they may change.

Nothing steps through time: a heap holds each mailbox's next look, which is the end of its gap, of a hold, or of the
wait of the first of its people. What is not simulated: failures, retries, and answers that stop somebody, except for
an even share of those who are written to.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, tzinfo
from heapq import heappop, heappush
from typing import NamedTuple

from campaigns.calendar import Never, next_open
from sending.pacing.books import CampaignBook, MailboxBook
from sending.pacing.budget import allowance, draw_gap, follow_up_places, gap_seed
from sending.pacing.caps import RECHECK
from sending.pacing.gates import MailboxFacts, lead_gates, mailbox_gates
from sending.pacing.promises import reserved_gate
from sending.pacing.queues import Queue
from sending.pacing.rotation import matched
from sending.pacing.scenario import (
    Departure,
    Idle,
    Run,
    Scenario,
    ScenarioPerson,
    ScenarioStep,
)
from sending.pacing.sides import Sides
from sending.pacing.verdicts import OF_CAMPAIGN, Hold, HoldCode, decide
from sending.pacing.waits import opening_after, wait_over

# A gate that only says "look again later" would be asked for ever.
MOST_LOOKS = 2_000_000
# So many messages are foreseen in some seconds.
MOST = 60_000


def simulate(scenario: Scenario, *, until: datetime, most: int = MOST, watched: int | None = None) -> Run:
    """Return what leaves from `scenario.now` on, until everybody is done, `until` has come or `most` have left.

    Ends as well once the person `watched` has got their next message.
    """
    return _Simulation(scenario).run(until, most, watched)


class _Pick(NamedTuple):
    queue: Queue
    campaign: CampaignBook
    is_new: bool


class _Simulation:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._pace = scenario.pace
        self._campaigns = {one.id: CampaignBook(one, scenario.pace) for one in scenario.campaigns}
        self._boxes = {one.id: MailboxBook(one, scenario.pace) for one in scenario.mailboxes}
        self._sides = Sides(scenario)
        self._left: dict[int, int] = defaultdict(int)
        self._ways = {one.id: one.way for one in scenario.people if one.way}
        self._departures: list[Departure] = []
        self._idles: list[Idle] = []
        for person in scenario.people:
            self._put_in_line(person)
        for campaign in self._campaigns.values():
            self._share_out(campaign)

    def _share_out(self, campaign: CampaignBook) -> None:
        """Let each mailbox of a campaign know whom of its new contacts it may begin, and when its first turn may be."""
        boxes = [self._boxes[pk] for pk in campaign.model.mailbox_ids if pk in self._boxes]
        among = matched(box.model.provider for box in boxes)
        for box in boxes:
            box.join(campaign, campaign.line_of(box.model, among))
            if campaign.turns is not None:
                campaign.turns.see(box.model.id, box.free_at)

    def run(self, until: datetime, most: int, watched: int | None) -> Run:
        looks = [(self._scenario.now, pk) for pk in sorted(self._boxes)]
        for _ in range(MOST_LOOKS):
            if not looks or looks[0][0] > until or len(self._departures) >= most:
                break
            now, pk = heappop(looks)
            count = len(self._departures)
            again = self._look(self._boxes[pk], now)
            if watched is not None and any(one.person_id == watched for one in self._departures[count:]):
                break
            if again is not None:
                heappush(looks, (again, pk))
        for queue in self._queues():
            self._left[queue.campaign.id] += len(queue)
        left = {pk: count for pk, count in self._left.items() if count}
        return Run(tuple(self._departures), tuple(self._idles), left)

    def _queues(self) -> list[Queue]:
        queues = [queue for one in self._campaigns.values() for queue in one.new_leads.values()]
        return queues + [queue for box in self._boxes.values() for queue in box.follow_ups.values()]

    def _put_in_line(self, person: ScenarioPerson) -> None:
        campaign = self._campaigns[person.campaign_id]
        if person.place >= len(campaign.model.steps):
            return
        if isinstance(next_open(campaign.model.schedule, person.zone, self._scenario.now), Never):
            self._left[person.campaign_id] += 1
            return
        if person.mailbox_id is None:
            queues, key = campaign.new_leads, campaign.key_of(person.zone, person.receiver)
            queue = queues.get(key)
            if queue is None:
                queue = queues[key] = self._queue(campaign, person.zone, is_follow_up=False)
            queue.add(person.due_at, person.id, person.place)
        elif person.mailbox_id in self._boxes:
            self._follow_up(self._boxes[person.mailbox_id], campaign, person.zone).add(
                person.due_at, person.id, person.place
            )
        else:
            self._left[person.campaign_id] += 1  # their mailbox carries nothing

    def _follow_up(self, box: MailboxBook, campaign: CampaignBook, zone: tzinfo) -> Queue:
        key = campaign.model.id, zone
        if key not in box.follow_ups:
            box.follow_ups[key] = self._queue(campaign, zone, is_follow_up=True)
        return box.follow_ups[key]

    def _queue(self, campaign: CampaignBook, zone: tzinfo, *, is_follow_up: bool) -> Queue:
        return Queue(campaign.model, zone, self._scenario.now, is_follow_up=is_follow_up)

    def _look(self, box: MailboxBook, now: datetime) -> datetime | None:
        """Let a mailbox send what it may; return the instant of its next look, None when nobody waits for it."""
        facts = self._facts(box, now)
        verdict = decide(mailbox_gates(facts))
        box.turn_held.clear()
        if isinstance(verdict, Hold):
            box.show_turns(verdict, now)
            first = self._first(box)
            if first is not None:
                self._note(box, first[1], max(now, first[0]), verdict.until, verdict.code)
            return None if first is None else verdict.until
        sent = self._send_all(box, facts)
        if box.has_turns:
            box.show_turns(decide(mailbox_gates(self._facts(box, now))), now)
        first = self._first(box)
        if first is None:
            return None
        ready, queue = first
        if box.free_at > max(ready, now):
            self._note(box, queue, max(ready, now), box.free_at, HoldCode.GAP)
            return box.free_at
        if ready > now and box.new_held is not None and box.new_held.until == ready:
            self._note(box, queue, now, ready, box.new_held.code)
        elif ready > now and box.waits_for_turn(queue, ready):
            self._note(box, queue, now, ready, HoldCode.ROTATION)
        elif ready > now and queue.closed_until == ready and queue.code is not None:
            self._note(box, queue, now, ready, queue.code)
        return max(ready, now) if sent or ready > now else now + self._pace.shrink(RECHECK)

    def _facts(self, box: MailboxBook, now: datetime) -> MailboxFacts:
        model = box.model
        return MailboxFacts(
            now=now,
            pace=self._pace,
            limits=box.limits(now),
            usage=box.usage(now),
            state="",
            free_at=box.free_at,
            backoff_until=model.backoff_until,
            synced_at=now,  # assumed: mailboxes are read all the time
        )

    def _send_all(self, box: MailboxBook, facts: MailboxFacts) -> int:
        room = allowance(facts.limits, facts.usage)
        share = follow_up_places(facts.limits, facts.usage)
        box.new_held = None
        # Reckoned when it is asked for, since it costs more than all the rest; turns need to know it at once.
        new_room = self._room_for_new(box, facts, room) if box.has_turns else None
        box.reserved, is_asked = box.new_held, bool(new_room)
        begun: set[int] = set()
        sent = 0
        while sent < room:
            pick = self._follow_up_due(box, facts) if share > 0 else None
            if pick is None and box.has_new_leads:
                new_room = self._room_for_new(box, facts, room) if new_room is None else new_room
                pick = self._new_lead_due(box, facts) if new_room > 0 else None
            pick = pick or (self._follow_up_due(box, facts) if share <= 0 else None)
            if pick is None:
                break
            share -= not pick.is_new
            if new_room is not None:
                new_room -= pick.is_new
            if pick.is_new:
                begun.add(pick.campaign.model.id)
            self._send(box, pick, facts.now)
            sent += 1
            box.new_held = None  # the next look reckons anew: a send may have raised the ramp
        if is_asked:
            box.note_turns(facts.now, begun, sent=sent > 0)
        return sent

    def _room_for_new(self, box: MailboxBook, facts: MailboxFacts, room: int) -> int:
        """Return how many of the places may be new contacts', beside the follow-ups that were promised."""
        book = box.book(facts, room)
        if book is None:
            return room
        verdict = reserved_gate(book, facts.usage, later=facts.now + self._pace.shrink(RECHECK))
        if isinstance(verdict, Hold):
            box.new_held = verdict
        return min(room, book.free)

    def _follow_up_due(self, box: MailboxBook, facts: MailboxFacts) -> _Pick | None:
        queue = self._open_queue(box.follow_ups.values(), facts, None)
        return None if queue is None else _Pick(queue, self._campaigns[queue.campaign.id], is_new=False)

    def _new_lead_due(self, box: MailboxBook, facts: MailboxFacts) -> _Pick | None:
        """Return the next new contact: of the campaign that has waited longest for one, as the claim does."""
        for campaign in sorted(box.campaigns, key=lambda one: (-one.impatience(facts.now), one.model.id)):
            queue = self._open_queue(box.lines[campaign.model.id], facts, campaign)
            if queue is not None and box.has_turn(campaign, facts.now):
                return _Pick(queue, campaign, is_new=True)
        return None

    def _open_queue(self, queues: Collection[Queue], facts: MailboxFacts, of: CampaignBook | None) -> Queue | None:
        """Return the queue whose first comes first and may be written to; hold those who may not."""
        now = facts.now
        while True:
            first: Queue | None = None
            for queue in queues:
                if queue.ready_at is None or queue.ready_at > now:
                    continue
                queue.gather(now)
                if first is None or queue.rank < first.rank:
                    first = queue
            if first is None:
                return None
            campaign = of or self._campaigns[first.campaign.id]
            verdict = decide(lead_gates(campaign.facts(first, now), facts))
            if isinstance(verdict, Hold):
                if of is not None and verdict.code in OF_CAMPAIGN:
                    first.close(verdict.until, verdict.code)
                else:
                    first.hold(verdict.until, verdict.code)
                continue
            alone = self._sides.hold(first.turn[1], now) if first.turn else None
            if alone is None:
                return first
            first.postpone(alone.until)

    def _send(self, box: MailboxBook, pick: _Pick, now: datetime) -> None:
        campaign = pick.campaign
        person_id, place = pick.queue.take()
        step = campaign.model.steps[place]
        gap = draw_gap(box.model.limits, self._pace, seed=gap_seed(person_id, step.id))
        self._sides.add(person_id, now)
        box.spend(now, gap, is_new=step.position == 1)
        campaign.spend(now, is_new=pick.is_new)
        if pick.is_new and campaign.turns is not None:
            campaign.turns.take(box.model.id)
        self._departures.append(Departure(now, box.model.id, campaign.model.id, person_id, step.position))
        behind = campaign.model.behind(place, self._ways.get(person_id, 0))
        if behind is not None and not self._stops(person_id, step):
            zone = pick.queue.zone
            due = wait_over(
                now, campaign.model.steps[behind].wait, zone, self._pace, closed=campaign.model.schedule.holidays
            )
            due = opening_after(due, campaign.model.schedule, zone)
            self._follow_up(box, campaign, zone).add(due, person_id, behind)

    def _stops(self, person_id: int, step: ScenarioStep) -> bool:
        share = self._scenario.stop_share
        if not share:
            return False
        draw = hashlib.sha256(f"stop:{person_id}:{step.id}".encode()).digest()[:8]
        return int.from_bytes(draw) < share * 2**64

    def _first(self, box: MailboxBook) -> tuple[datetime, Queue] | None:
        """Return the queue of the mailbox that may be looked at first, and when."""
        found, at = _earliest(box.follow_ups.values())
        for campaign_id, line in box.lines.items():
            queue, ready = _earliest(line, not_before=box.begins_at(campaign_id))
            if ready is not None and (at is None or ready < at):
                found, at = queue, ready
        return None if found is None or at is None else (at, found)

    def _note(self, box: MailboxBook, queue: Queue, begin: datetime, end: datetime, code: HoldCode) -> None:
        if begin < end:
            campaign = queue.campaign
            self._idles.append(Idle(begin, end, code, box.model.id, campaign.id, campaign.schedule, queue.zone))


def _earliest(queues: Iterable[Queue], *, not_before: datetime | None = None) -> tuple[Queue | None, datetime | None]:
    """Return the queue whose first may be looked at earliest, and when; of several the first."""
    found: Queue | None = None
    at: datetime | None = None
    for queue in queues:
        ready = queue.ready_at
        if ready is not None and not_before is not None:
            ready = max(ready, not_before)
        if ready is not None and (at is None or ready < at):
            found, at = queue, ready
    return found, at
