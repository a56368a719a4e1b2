"""The real pacing on a virtual clock: the same gates, budgets and gaps, asked at each instant at which they may change.

Nothing steps through time: a heap holds each mailbox's next look, which is the end of its gap, of a hold, or of the
wait of the first of its people. What is not simulated: failures, retries, and answers that stop somebody, except for
an even share of those who are written to.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from heapq import heappop, heappush
from math import ceil

from campaigns.calendar import Never, next_open
from sending.pacing.books import CampaignBook, MailboxBook
from sending.pacing.budget import allowance, draw_gap, follow_up_places, gap_seed
from sending.pacing.caps import RECHECK
from sending.pacing.gates import MailboxFacts, lead_gates, mailbox_gates
from sending.pacing.looks import SPARES, looked_at
from sending.pacing.promises import reserved_gate
from sending.pacing.queues import Line, Queue, Waiting, bound_of
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
from sending.pacing.verdicts import OF_CAMPAIGN, Hold, HoldCode, Send, decide
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


@dataclass(slots=True)
class _Look:
    """One look of a mailbox at those who wait for it."""

    box: MailboxBook
    facts: MailboxFacts
    left: int  # places
    share: int  # of them, those that go to follow-ups before new contacts
    new_left: int | None  # of them, how many may be new contacts'; None while nobody has asked
    begun: set[int] = field(default_factory=set)  # the campaigns of new contacts
    bounds: dict[int, int | None] = field(default_factory=dict)  # by campaign, who is beyond what a round looks at
    has_put_off: bool = False  # some of the new contacts at which a round looked
    closed: dict[Line, Hold] = field(default_factory=dict)  # of follow-ups, the lines of which nobody may go now
    open: set[Line] = field(default_factory=set)  # and those of which somebody may, until the next message


class _Simulation:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._pace = scenario.pace
        self._campaigns = {one.id: CampaignBook(one, scenario.pace) for one in scenario.campaigns}
        self._boxes = {one.id: MailboxBook(one, scenario.pace) for one in scenario.mailboxes}
        self._sides = Sides(scenario)
        self._left: dict[int, int] = defaultdict(int)
        self._ways = {one.id: one.way for one in scenario.people if one.way}
        self._left_alone = {
            one.id: {side for pk in one.mailbox_ids if pk in self._boxes for side in self._boxes[pk].leaves_alone}
            for one in scenario.campaigns
        }
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
        for queue in campaign.new_leads.values() if self._left_alone[campaign.model.id] else ():
            takers = [box for box in boxes if queue in box.lines[campaign.model.id]]
            opens = (box.leaves_alone.get(queue.side, self._scenario.now) for box in takers)
            queue.written_from = min(opens, default=self._scenario.now)

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
        for campaign in self._campaigns.values():
            self._left[campaign.model.id] += sum(map(len, campaign.new_leads.values()))
        for box in self._boxes.values():
            for campaign_id, count in box.follow_ups.left().items():
                self._left[campaign_id] += count
        left = {pk: count for pk, count in self._left.items() if count}
        return Run(tuple(self._departures), tuple(self._idles), left)

    def _put_in_line(self, person: ScenarioPerson) -> None:
        campaign = self._campaigns[person.campaign_id]
        if person.place >= len(campaign.model.steps):
            return
        if isinstance(next_open(campaign.model.schedule, person.zone, self._scenario.now), Never):
            self._left[person.campaign_id] += 1
            return
        if person.mailbox_id is None:
            side = person.side if person.side in self._left_alone[person.campaign_id] else ""
            queues, key = campaign.new_leads, campaign.key_of(person.zone, person.receiver, side)
            if key not in queues:
                queues[key] = Queue(campaign.model, person.zone, self._scenario.now, side=side)
            queues[key].add(person.due_at, person.id, person.place)
        elif person.mailbox_id in self._boxes:
            box = self._boxes[person.mailbox_id]
            box.follow_ups.add(Waiting(person.due_at, person.id, person.place, self._line(box, campaign, person.zone)))
        else:
            self._left[person.campaign_id] += 1  # their mailbox carries nothing

    def _line(self, box: MailboxBook, campaign: CampaignBook, zone: tzinfo) -> Line:
        return box.follow_ups.line(campaign.model, zone, self._scenario.now)

    def _look(self, box: MailboxBook, now: datetime) -> datetime | None:
        """Let a mailbox send what it may; return the instant of its next look, None when nobody waits for it."""
        facts = self._facts(box, now)
        verdict = decide(mailbox_gates(facts))
        box.turn_held.clear()
        if isinstance(verdict, Hold):
            box.show_turns(verdict, now)
            first = self._first(box, now)
            if first is not None:
                self._note(box, first[1], max(now, first[0]), verdict.until, verdict.code)
            return None if first is None else verdict.until
        sent = self._send_all(box, facts)
        if box.has_turns:
            box.show_turns(decide(mailbox_gates(self._facts(box, now))), now)
        first = self._first(box, now)
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
        elif ready > now and isinstance(queue, Queue) and box.passes_until(queue, now) == ready:
            self._note(box, queue, now, ready, HoldCode.COOLDOWN)
        elif ready > now and queue.opens_at(ready) and queue.code is not None:
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
        """Send what claims would: one that has only put people off is followed by the next at once."""
        room = allowance(facts.limits, facts.usage)
        box.new_held = None
        # Reckoned when it is asked for, since it costs more than all the rest; turns need to know it at once.
        new_room = self._room_for_new(box, facts, room) if box.has_turns else None
        box.reserved, is_asked = box.new_held, bool(new_room)
        look = _Look(box, facts, room, follow_up_places(facts.limits, facts.usage), new_room)
        while self._claim(look, room) and look.left == room:
            pass
        is_sent = look.left < room
        if is_sent:
            box.new_held = None  # the next look reckons anew: a send may have raised the ramp
        if is_asked:
            box.note_turns(facts.now, look.begun, sent=is_sent)
        return room - look.left

    def _claim(self, look: _Look, room: int) -> bool:
        """Go through a claim's rounds: who is looked at in vain is put off, and more are looked at.

        Says whether anybody was put off.
        """
        has_put_off = False
        for spare in SPARES:
            if look.left <= 0:
                break
            staying, more = self._send_follow_ups(look, looked_at(look.left, spare))
            is_last = spare == SPARES[-1]
            more_new = self._begin_new(look, room, spare, may_begin=not more or look.share <= 0 or is_last)
            if not more_new or look.new_left == 0 or is_last:  # no new contact took their place
                for one in look.box.follow_ups.take_due(look.facts.now, min(look.left, staying)):
                    self._send_follow_up(look, one)
            if not (more or more_new):
                break
            has_put_off = True
        return has_put_off

    def _send_follow_ups(self, look: _Look, most: int) -> tuple[int, bool]:
        """Judge the first follow-ups that are due, and send those that may go within their share.

        Returns how many stay due, and whether others may stand behind some that were put off.
        """
        waiting = look.box.follow_ups
        staying, more = [], False
        for one in waiting.take_due(look.facts.now, most):
            hold = self._hold_of(one, look)
            if hold is not None:
                waiting.add(one._replace(due=hold.until))
                more = True
            elif look.left > 0 and look.share > 0:
                self._send_follow_up(look, one)
            else:
                staying.append(one)
        for one in staying:
            waiting.add(one)
        return len(staying), more

    def _hold_of(self, one: Waiting, look: _Look) -> Hold | None:
        """Return why a follow-up that is due waits nevertheless; None where it may go."""
        line, now = one.line, look.facts.now
        if line in look.open:
            return self._sides.hold(one.person_id, now)
        if line not in look.closed:
            verdict = decide(lead_gates(self._campaigns[line.campaign.id].facts(line, now), look.facts))
            if not isinstance(verdict, Hold):
                look.open.add(line)
                return self._sides.hold(one.person_id, now)
            line.close(verdict.until, verdict.code)
            look.closed[line] = verdict
        return look.closed[line]

    def _begin_new(self, look: _Look, room: int, spare: int, *, may_begin: bool) -> bool:
        """Send new contacts their first message, as far as there is room and their turn has come.

        Says whether it has put off some of those at whom a round looks.
        """
        box, facts = look.box, look.facts
        waiting = [one for one in box.campaigns if _is_due(box.lines_at(one.model.id, facts.now), facts.now)]
        if not waiting:
            return False
        if look.new_left is None:
            look.new_left = max(0, self._room_for_new(box, facts, room))
        if look.new_left <= 0:
            return False
        places, weights = min(look.left, look.new_left), sum(one.model.weight for one in waiting)
        look.has_put_off = False
        for campaign in waiting:
            most = looked_at(ceil(places * campaign.model.weight / weights), spare)
            look.bounds[campaign.model.id] = self._put_off_closed(look, campaign, most)
        while may_begin and look.left > 0 and look.new_left > 0:
            queue = self._new_lead_due(look, waiting)
            if queue is None:
                break
            campaign = self._campaigns[queue.campaign.id]
            self._send(look, Waiting(facts.now, *queue.take(), queue), is_new=True)
            look.new_left -= 1
            look.begun.add(campaign.model.id)
            if campaign.turns is not None:
                campaign.turns.take(box.model.id)
        return look.has_put_off

    def _put_off_closed(self, look: _Look, campaign: CampaignBook, most: int) -> int | None:
        """Put off those of the first `most` whose lines are closed; return the id at which the others end."""
        now, due, closed = look.facts.now, [], []
        for queue in look.box.lines_at(campaign.model.id, now):
            if queue.first is None or queue.closed_until > now:
                continue
            verdict = None if queue.open_until > now else decide(lead_gates(campaign.facts(queue, now), look.facts))
            if isinstance(verdict, Hold) and verdict.code in OF_CAMPAIGN:
                queue.close(verdict.until, verdict.code)
                continue
            due.append(queue)
            if isinstance(verdict, Hold):
                closed.append((queue, verdict))
            elif isinstance(verdict, Send) and verdict.not_after is not None:
                queue.open_until = verdict.not_after
        if not closed:
            return None
        bound = bound_of(due, most)
        for queue, hold in closed:
            look.has_put_off |= queue.put_off(hold.until, hold.code, before=bound)
        return bound

    def _room_for_new(self, box: MailboxBook, facts: MailboxFacts, room: int) -> int:
        """Return how many of the places may be new contacts', beside the follow-ups that were promised."""
        book = box.book(facts, room)
        if book is None:
            return room
        verdict = reserved_gate(book, facts.usage, later=facts.now + self._pace.shrink(RECHECK))
        if isinstance(verdict, Hold):
            box.new_held = verdict
        return min(room, book.free)

    def _new_lead_due(self, look: _Look, waiting: Sequence[CampaignBook]) -> Queue | None:
        """Return the queue of the next: of the campaign that has waited longest for one, as the claim does."""
        now = look.facts.now
        for campaign in sorted(waiting, key=lambda one: (-one.impatience(now), one.model.id)):
            queue = self._open_queue(look, campaign)
            if queue is not None and look.box.has_turn(campaign, now):
                return queue
        return None

    def _open_queue(self, look: _Look, campaign: CampaignBook) -> Queue | None:
        """Return the queue whose first comes first and may be written to; put off who may not."""
        now, bound = look.facts.now, look.bounds[campaign.model.id]
        lines = look.box.lines_at(campaign.model.id, now)
        while True:
            first, rank = None, bound
            for queue in lines:
                if queue.first is not None and (rank is None or queue.first < rank) and queue.closed_until <= now:
                    first, rank = queue, queue.first
            if first is None or rank is None:
                return None
            verdict = decide(lead_gates(campaign.facts(first, now), look.facts))
            if isinstance(verdict, Hold) and verdict.code in OF_CAMPAIGN:
                first.close(verdict.until, verdict.code)
                continue
            until = verdict.until if isinstance(verdict, Hold) else self._put_off_until(look.box, first, rank, now)
            if until is None:
                return first
            first.postpone(until)
            look.has_put_off = True

    def _put_off_until(self, box: MailboxBook, queue: Queue, person_id: int, now: datetime) -> datetime | None:
        """Return until when a new contact waits whom the mailbox has looked at; None where it may write to them."""
        throttled = self._sides.hold(person_id, now)
        is_left_alone = box.leaves_alone.get(queue.side, now) > now  # by all, or another line would be theirs
        instants = [queue.written_from] if is_left_alone else []
        return max([*instants, *([throttled.until] if throttled else [])], default=None)

    def _send_follow_up(self, look: _Look, one: Waiting) -> None:
        self._send(look, one, is_new=False)
        look.share -= 1

    def _send(self, look: _Look, one: Waiting, *, is_new: bool) -> None:
        box, now, zone = look.box, look.facts.now, one.line.zone
        campaign = self._campaigns[one.line.campaign.id]
        step = campaign.model.steps[one.place]
        gap = draw_gap(box.model.limits, self._pace, seed=gap_seed(one.person_id, step.id))
        self._sides.add(one.person_id, now)
        box.spend(now, gap, is_new=step.position == 1)
        campaign.spend(now, is_new=is_new)
        look.left -= 1
        look.open.clear()  # limits of the campaign may have been reached
        self._departures.append(Departure(now, box.model.id, campaign.model.id, one.person_id, step.position))
        behind = campaign.model.behind(one.place, self._ways.get(one.person_id, 0))
        if behind is not None and not self._stops(one.person_id, step):
            due = wait_over(
                now, campaign.model.steps[behind].wait, zone, self._pace, closed=campaign.model.schedule.holidays
            )
            due = opening_after(due, campaign.model.schedule, zone)
            box.follow_ups.add(Waiting(due, one.person_id, behind, self._line(box, campaign, zone)))

    def _stops(self, person_id: int, step: ScenarioStep) -> bool:
        share = self._scenario.stop_share
        if not share:
            return False
        draw = hashlib.sha256(f"stop:{person_id}:{step.id}".encode()).digest()[:8]
        return int.from_bytes(draw) < share * 2**64

    def _first(self, box: MailboxBook, now: datetime) -> tuple[datetime, Line] | None:
        """Return the line of the mailbox that may be looked at first, and when."""
        next_up = box.follow_ups.first
        found: tuple[datetime, Line] | None = (next_up.due, next_up.line) if next_up is not None else None
        for campaign_id, queues in box.lines.items():
            not_before = box.begins_at(campaign_id)
            for queue in queues:
                ready = queue.ready_at
                if ready is not None and not_before is not None:
                    ready = max(ready, not_before)
                if ready is not None and box.leaves_alone:
                    ready = max(ready, box.passes_until(queue, now) or ready)
                if ready is not None and (found is None or ready < found[0]):
                    found = ready, queue
        return found

    def _note(self, box: MailboxBook, line: Line, begin: datetime, end: datetime, code: HoldCode) -> None:
        if begin < end:
            campaign = line.campaign
            self._idles.append(Idle(begin, end, code, box.model.id, campaign.id, campaign.schedule, line.zone))


def _is_due(queues: Sequence[Queue], now: datetime) -> bool:
    """Let those who are due stand in line, and say whether that is anybody."""
    ready = [queue for queue in queues if queue.ready_at is not None and queue.ready_at <= now]
    for queue in ready:
        queue.gather(now)
    return bool(ready)
