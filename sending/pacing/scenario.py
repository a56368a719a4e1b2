"""What a forecast starts from and what comes of it: plain values, so that any "what if" is another scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import NamedTuple

from campaigns.calendar import Schedule, Wait
from sending.pacing.budget import Limits, Pace
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation, Turn
from sending.pacing.throttles import NO_LIMITS, ThrottleLimits
from sending.pacing.verdicts import HoldCode


@dataclass(frozen=True, slots=True)
class Outgo:
    """One message that a mailbox sent within its rolling day."""

    at: datetime
    is_new_lead: bool = False


@dataclass(frozen=True, slots=True)
class ScenarioMailbox:
    """A mailbox that carries mail, with its account book. backoff_until: its server asked us to wait.

    limits.health is as it was last noted: idle time since then is reckoned by the simulation.
    """

    id: int
    limits: Limits
    free_at: datetime
    spent: tuple[Outgo, ...] = ()  # of the last day, oldest first
    ramp_days: int = 0
    ramp_day_at: datetime | None = None  # when the sending day under way began
    is_clean: bool = True  # nothing bad has happened on that day: the ramp climbs and the health mends behind it
    backoff_until: datetime | None = None
    provider: Receiver = Receiver.OTHER  # at whom it is
    leaves_alone: tuple[tuple[str, datetime], ...] = ()  # sides of recipients to whom it writes nothing before


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """A message of the sequence; the wait counts from the sending of the one before."""

    id: int
    position: int
    wait: Wait


@dataclass(frozen=True, slots=True)
class ScenarioCampaign:
    """A campaign as the gates see it: its windows, its steps in order, its limits of a day, and who carries it."""

    id: int
    schedule: Schedule
    steps: tuple[ScenarioStep, ...]
    mailbox_ids: tuple[int, ...]
    new_leads_limit: int | None = None
    weight: int = 1  # of its priority
    begun: tuple[datetime, ...] = ()  # when the new contacts of the last day were begun, oldest first
    last_begun: datetime | None = None
    daily_limit: int | None = None  # messages of all steps and mailboxes together
    sent: tuple[datetime, ...] = ()  # when the messages of the last day left, oldest first
    rotation: Rotation = Rotation.EVEN
    turns: tuple[Turn, ...] = ()  # of its mailboxes, where weights decide; one that is not named has a weight of 1
    # Where people go different ways: for each way, which place follows each (None = none). Empty: each the next.
    ways: tuple[tuple[int | None, ...], ...] = ()

    def behind(self, place: int, way: int) -> int | None:
        """Return the place of the step that follows one on a way; None at its end."""
        if self.ways:
            return self.ways[way][place]
        return place + 1 if place + 1 < len(self.steps) else None


@dataclass(frozen=True, slots=True)
class ScenarioPerson:
    """Somebody who waits for a step: `place` counts the campaign's steps from 0. No mailbox: nothing was sent yet.

    domain: of their address, where a throttle could hold them; empty where none can. receiver: who takes their mail.
    way: which of the campaign's ways they go. is_anybodys: their domain takes any address, existing or not.
    side: what a mailbox would leave alone with them, where some mailbox leaves anything alone.
    """

    id: int
    campaign_id: int
    place: int
    due_at: datetime
    zone: tzinfo
    mailbox_id: int | None = None
    contact_id: int = 0
    domain: str = ""
    receiver: Receiver = Receiver.OTHER
    way: int = 0
    is_anybodys: bool = False
    side: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """One message of the last day to somebody at a domain that a throttle watches."""

    contact_id: int
    domain: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that decides what goes out from `now` on. All of it runs at one pace: that of its workspace."""

    now: datetime
    pace: Pace
    mailboxes: tuple[ScenarioMailbox, ...]
    campaigns: tuple[ScenarioCampaign, ...]
    people: tuple[ScenarioPerson, ...]
    throttles: ThrottleLimits = field(default=NO_LIMITS, hash=False)  # holds a mapping
    touches: tuple[Received, ...] = ()  # oldest first
    catch_all_places: int | None = None  # of a rolling day, for new contacts at domains that take any address
    catch_all_sent: tuple[datetime, ...] = ()  # when those of the last day were written to, oldest first
    known: Mapping[str, str] = field(default_factory=dict, hash=False)  # receivers by domain, told by its exchangers
    stop_share: float = 0.0  # of those who get a message, how many are not written to again; 0 to 1

    def campaign(self, campaign_id: int) -> ScenarioCampaign:
        """Return the campaign with this id, which is part of it."""
        return next(one for one in self.campaigns if one.id == campaign_id)


class Departure(NamedTuple):  # a forecast makes tens of thousands of these
    """One message that leaves."""

    at: datetime
    mailbox_id: int
    campaign_id: int
    person_id: int
    position: int


class Idle(NamedTuple):  # and as many of these
    """A stretch in which a mailbox sent nothing although somebody was due, and what held it.

    campaign_id, schedule and zone are of whoever would have been written to.
    """

    begin: datetime
    end: datetime
    code: HoldCode
    mailbox_id: int
    campaign_id: int
    schedule: Schedule
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a scenario, in the order of time. left: those who still wait when it ends, by campaign."""

    departures: tuple[Departure, ...]
    idles: tuple[Idle, ...]
    left: dict[int, int]
