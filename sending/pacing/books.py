"""The account books of a simulation: what each mailbox has sent, and whom each campaign has begun."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from sending.pacing.budget import Limits, Pace, Usage, daily_budget
from sending.pacing.caps import Cap
from sending.pacing.gates import LeadFacts, MailboxFacts
from sending.pacing.health import IDLE_DAYS, Cause, Health, Signal, after, halved, idle_spells
from sending.pacing.promises import Book, book_of, decisive_use, peak_use
from sending.pacing.queues import FollowUps, Line, Queue
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation, Turn, Turns, takes
from sending.pacing.scenario import ScenarioCampaign, ScenarioMailbox
from sending.pacing.throttles import campaign_throttle
from sending.pacing.verdicts import Hold, HoldCode, Verdict

_FOR_EVER = timedelta(days=1_000_000)


class MailboxBook:
    """A mailbox under way: its account book and the people who wait for it."""

    __slots__ = (
        "_day", "_health", "_hour", "_idle", "_is_clean", "_kinds", "_lengths", "_limits", "_new", "campaigns",
        "follow_ups", "free_at", "has_turns", "leaves_alone", "lines", "model", "new_held", "pace", "ramp_day_at",
        "ramp_days", "reserved", "turn_held",
    )  # fmt: skip

    def __init__(self, model: ScenarioMailbox, pace: Pace) -> None:
        self.model = model
        self.pace = pace
        self._idle = IDLE_DAYS * pace.day
        self._lengths = pace.day, pace.hour
        self.free_at = model.free_at
        self.leaves_alone = dict(model.leaves_alone)  # sides, with the instants at which that ends
        self.ramp_days = model.ramp_days
        self.ramp_day_at = model.ramp_day_at
        self._limits = model.limits
        self._health = model.limits.health
        self._is_clean = model.is_clean
        self.campaigns: list[CampaignBook] = []
        self.has_turns = False  # in a campaign that shares out by weights
        self.follow_ups = FollowUps()
        self.lines: dict[int, list[Queue]] = {}  # by campaign, the queues of those whom it may begin
        self.new_held: Hold | None = None  # why it begins nobody
        self.reserved: Hold | None = None  # the same as its last look has left it, also where that sent a follow-up
        self.turn_held: dict[int, Hold] = {}  # by campaign, where others go before it
        self._day = deque(one.at + pace.day for one in model.spent)  # when each place comes back
        self._kinds = deque(one.is_new_lead for one in model.spent)
        self._hour = deque(one.at + pace.hour for one in model.spent)
        self._new = sum(one.is_new_lead for one in model.spent)

    def usage(self, now: datetime) -> Usage:
        """Return what the book says at `now`."""
        while self._day and self._day[0] <= now:
            self._day.popleft()
            self._new -= self._kinds.popleft()
        while self._hour and self._hour[0] <= now:
            self._hour.popleft()
        return Usage(
            day=len(self._day),
            hour=len(self._hour),
            new_leads_day=self._new,
            day_frees_at=self._day[0] if self._day else None,
            hour_frees_at=self._hour[0] if self._hour else None,
            sending_days=self.ramp_days,
        )

    def limits(self, now: datetime) -> Limits:
        """Return what the mailbox may do at `now`, with the health that is left of it."""
        health = self._health
        if self.ramp_day_at is not None and now - self.ramp_day_at >= self._idle:
            health = halved(health, idle_spells(self.ramp_day_at, now, self.pace.day))
        if health != self._limits.health:
            self._limits = replace(self._limits, health=health)
        return self._limits

    def join(self, campaign: CampaignBook, line: list[Queue]) -> None:
        """Carry a campaign, and begin those who wait in the line."""
        self.campaigns.append(campaign)
        self.lines[campaign.model.id] = line
        self.has_turns = self.has_turns or campaign.turns is not None

    def lines_at(self, campaign_id: int, now: datetime) -> list[Queue]:
        """Return the queues of those whom it may begin now: not of those whom it leaves to other mailboxes."""
        lines = self.lines[campaign_id]
        return [one for one in lines if self.passes_until(one, now) is None] if self.leaves_alone else lines

    def passes_until(self, queue: Queue, now: datetime) -> datetime | None:
        """Return until when it leaves the people of a queue to other mailboxes that may write to them; None if not."""
        until = self.leaves_alone.get(queue.side)
        return until if until is not None and until > now >= queue.written_from else None

    def show_turns(self, verdict: Verdict, now: datetime) -> None:
        """Let the other mailboxes of weighted campaigns know whether it may take its turns, as its clock tells them."""
        is_full = isinstance(verdict, Hold) and verdict.code is not HoldCode.GAP
        is_full = is_full or (self.reserved is not None and self.reserved.until > now)
        for campaign in self.campaigns:
            if campaign.turns is not None:
                campaign.turns.see(self.model.id, None if is_full else self.free_at)

    def has_turn(self, campaign: CampaignBook, now: datetime) -> bool:
        """Say whether it may begin somebody of the campaign, and keep why not."""
        if campaign.turns is None:
            return True
        verdict = campaign.turns.gate(self.model.id, now=now, pace=self.pace)
        self.turn_held.pop(campaign.model.id, None)
        if isinstance(verdict, Hold):
            self.turn_held[campaign.model.id] = verdict
        return not isinstance(verdict, Hold)

    def note_turns(self, now: datetime, begun: Collection[int], *, sent: bool) -> None:
        """Note what a look came to; `begun` are the campaigns of which it began somebody."""
        for campaign in self.campaigns:
            if campaign.turns is not None:
                pk = campaign.model.id
                campaign.turns.look(self.model.id, now=now, is_held=pk in self.turn_held, took=pk in begun, sent=sent)

    def begins_at(self, campaign_id: int) -> datetime | None:
        """Return when it may begin somebody of the campaign, where it may not before an instant."""
        turn = self.turn_held.get(campaign_id)
        if turn is None or self.new_held is None:
            hold = turn or self.new_held
            return None if hold is None else hold.until
        return max(turn.until, self.new_held.until)

    def waits_for_turn(self, line: Line, ready: datetime) -> bool:
        """Say whether that instant is the one at which others of the campaign have had their turns."""
        hold = self.turn_held.get(line.campaign.id)
        return hold is not None and not line.facts.is_follow_up and hold.until == ready

    def book(self, facts: MailboxFacts, room: int) -> Book | None:
        """Return the book of the day where promises could take one of the places in `room`, else None."""
        limits, usage, before = facts.limits, facts.usage, facts.now + facts.pace.day
        decisive = decisive_use(limits, usage)
        promised = self.follow_ups.promised(before, most=decisive)
        if daily_budget(limits, usage) - usage.day - len(promised) >= room:
            return None
        # All that is promised is in use at the last of it: from the decisive number on the instants decide nothing.
        peak = decisive if len(promised) >= decisive else peak_use(self._day, promised, now=facts.now)
        return book_of(limits, usage, peak=peak)

    def spend(self, now: datetime, gap: timedelta, *, is_new: bool) -> None:
        """Enter a message, as sending.mailboxes.spending does."""
        day, hour = self._lengths
        self._day.append(now + day)
        self._kinds.append(is_new)
        self._hour.append(now + hour)
        self._new += is_new
        self.free_at = max(self.free_at, now + gap)
        if self.ramp_day_at is None or self.ramp_day_at <= now - day:
            self._begin_day(now, day)

    def _begin_day(self, now: datetime, day: timedelta) -> None:
        """Let the day that is over count for ramp and health; days to come are taken to be clean."""
        if self.ramp_day_at is not None:
            spells = idle_spells(self.ramp_day_at, now, day)
            self.ramp_days += self._is_clean
            if spells:
                self._health = halved(self._health, spells)
            elif self._is_clean:
                self._health = after(Health(self._health), Signal(Cause.CLEAN_DAY, now)).percent
        self._is_clean, self.ramp_day_at = True, now


class CampaignBook:
    """A campaign under way: its new contacts, how many of them were begun, and how many messages it has sent."""

    __slots__ = ("_begun", "_day", "_sent", "last_begun", "model", "new_leads", "turns")

    def __init__(self, model: ScenarioCampaign, pace: Pace) -> None:
        self.model = model
        self._day = pace.day
        self._begun = deque(at + pace.day for at in model.begun)  # when each place comes back
        self._sent = deque(at + pace.day for at in model.sent)
        self.last_begun = model.last_begun
        self.new_leads: dict[tuple[tzinfo, Receiver, str], Queue] = {}
        known = {one.mailbox_id: one for one in model.turns}
        of_all = (known.get(pk, Turn(pk)) for pk in model.mailbox_ids)
        self.turns = Turns(of_all) if model.rotation is Rotation.WEIGHTED else None

    def line_of(self, box: ScenarioMailbox, among: Collection[Receiver]) -> list[Queue]:
        """Return the queues of those whom a mailbox may begin; `among` has mailboxes of its own."""
        return [queue for (_, one, _), queue in self.new_leads.items() if takes(box.provider, one, among)]

    def key_of(self, zone: tzinfo, receiver: Receiver, side: str) -> tuple[tzinfo, Receiver, str]:
        """Return the key of the queue of somebody new: who takes their mail matters where providers are matched.

        side: what some mailbox of the campaign leaves alone with them, "" where none does.
        """
        return zone, receiver if self.model.rotation is Rotation.PROVIDER else Receiver.OTHER, side

    def impatience(self, now: datetime) -> timedelta:
        """Return how long it has waited for a new contact, more heavily with its priority."""
        return _FOR_EVER if self.last_begun is None else self.model.weight * (now - self.last_begun)

    def facts(self, line: Line, now: datetime) -> LeadFacts:
        """Return the facts about the line's people, with what the campaign has used of its limits."""
        facts, model = line.facts, self.model
        if model.new_leads_limit is not None and not facts.is_follow_up:
            begun = _used(model.new_leads_limit, self._begun, now)
            facts = replace(facts, new_leads_today=begun.used, new_leads_free_at=begun.free_at)
        if model.daily_limit is not None:
            facts = replace(facts, throttles=(campaign_throttle(_used(model.daily_limit, self._sent, now)),))
        return facts

    def spend(self, now: datetime, *, is_new: bool) -> None:
        """Count a message."""
        if self.model.daily_limit is not None:
            self._sent.append(now + self._day)
        if is_new:
            self.last_begun = now
            self._begun.append(now + self._day)


def _used(limit: int, places: deque[datetime], now: datetime) -> Cap:
    """Return how much of a limit is used at `now`; places holds when each comes back."""
    while places and places[0] <= now:
        places.popleft()
    return Cap(limit, len(places), places[0] if places else None)
