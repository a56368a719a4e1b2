"""The account books of a simulation: what each mailbox has sent, and whom each campaign has begun."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from sending.pacing.budget import Limits, Pace, Usage, daily_budget
from sending.pacing.gates import LeadFacts, MailboxFacts
from sending.pacing.health import Cause, Health, Signal, after, halved, idle_spells
from sending.pacing.promises import Book, book_of, peak_use
from sending.pacing.queues import Queue
from sending.pacing.scenario import ScenarioCampaign, ScenarioMailbox
from sending.pacing.verdicts import Hold

_FOR_EVER = timedelta(days=1_000_000)


class MailboxBook:
    """A mailbox under way: its account book and the people who wait for it."""

    __slots__ = (
        "_day", "_health", "_hour", "_is_clean", "_kinds", "_limits", "_new", "campaigns", "follow_ups", "free_at",
        "model", "new_held", "pace", "ramp_day_at", "ramp_days",
    )  # fmt: skip

    def __init__(self, model: ScenarioMailbox, pace: Pace) -> None:
        self.model = model
        self.pace = pace
        self.free_at = model.free_at
        self.ramp_days = model.ramp_days
        self.ramp_day_at = model.ramp_day_at
        self._limits = model.limits
        self._health = model.limits.health
        self._is_clean = model.is_clean
        self.campaigns: list[CampaignBook] = []
        self.follow_ups: dict[tuple[int, tzinfo], Queue] = {}
        self.new_held: Hold | None = None  # why it begins nobody
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
        if self.ramp_day_at is not None:
            health = halved(health, idle_spells(self.ramp_day_at, now, self.pace.day))
        if health != self._limits.health:
            self._limits = replace(self._limits, health=health)
        return self._limits

    @property
    def has_new_leads(self) -> bool:
        return any(queue.turn for campaign in self.campaigns for queue in campaign.new_leads.values())

    def book(self, facts: MailboxFacts, room: int) -> Book | None:
        """Return the book of the day where promises could take one of the places in `room`, else None."""
        day = facts.pace.day
        promised = [at for queue in self.follow_ups.values() for at in queue.promised(facts.now + day)]
        if daily_budget(facts.limits, facts.usage) - facts.usage.day - len(promised) >= room:
            return None
        peak = peak_use(self._day, promised, now=facts.now)
        return book_of(facts.limits, facts.usage, peak=peak)

    def spend(self, now: datetime, gap: timedelta, *, is_new: bool) -> None:
        """Enter a message, as sending.mailboxes.spending does."""
        day = self.pace.day
        self._day.append(now + day)
        self._kinds.append(is_new)
        self._hour.append(now + self.pace.hour)
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
    """A campaign under way: its new contacts and how many of them were begun."""

    __slots__ = ("begun", "last_begun", "model", "new_leads")

    def __init__(self, model: ScenarioCampaign) -> None:
        self.model = model
        self.begun = deque(model.begun)
        self.last_begun = model.last_begun
        self.new_leads: dict[tzinfo, Queue] = {}

    def impatience(self, now: datetime) -> timedelta:
        """Return how long it has waited for a new contact, more heavily with its priority."""
        return _FOR_EVER if self.last_begun is None else self.model.weight * (now - self.last_begun)

    def facts(self, queue: Queue, now: datetime, day: timedelta) -> LeadFacts:
        """Return the facts about a new contact of the queue, with today's count where it is limited."""
        if self.model.new_leads_limit is None:
            return queue.facts
        while self.begun and self.begun[0] <= now - day:
            self.begun.popleft()
        free_at = self.begun[0] + day if self.begun else None
        return replace(queue.facts, new_leads_today=len(self.begun), new_leads_free_at=free_at)
