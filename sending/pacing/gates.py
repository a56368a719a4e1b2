"""The gates: each is a pure function of facts that says Send, Hold (why, until when) or Drop (why)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from campaigns.calendar import Never, Schedule, next_window, outside_words
from sending.pacing.budget import Limits, Pace, Usage, bound_by, daily_budget
from sending.pacing.caps import RECHECK, Cap, new_leads_gate
from sending.pacing.throttles import Throttle, throttle_gates
from sending.pacing.verdicts import SEND, Drop, DropCode, Hold, HoldCode, Send, Verdict

# A follow-up waits while its mailbox has not been read for this long: a reply might be lying there.
FRESHNESS = timedelta(minutes=15)
# Reading a mailbox takes real seconds also where time is speeded up.
FRESHNESS_FLOOR = timedelta(seconds=20)


class MailboxFacts(NamedTuple):  # a forecast makes one at each look
    """What the gates ask about a mailbox at `now`."""

    now: datetime
    pace: Pace
    limits: Limits
    usage: Usage
    state: str  # in words, when it does not carry mail; empty when it does
    free_at: datetime
    backoff_until: datetime | None = None
    backoff_words: str = ""
    synced_at: datetime | None = None
    disbelieved: str = ""  # in words, where receivers would not believe its domain
    unheard: str = ""  # in words, where people can opt out by an answer only, and nobody reads it


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """What speaks against an address, in words; "" where nothing does.

    doubted_until: when the domain is looked up once more, where it was found to take no mail only once.
    """

    no_mail: str = ""
    doubted_until: datetime | None = None
    disposable: str = ""
    role: str = ""  # where the campaign leaves roles out


NOTHING_AGAINST = AddressFacts()


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What the gates ask about one due step of one contact."""

    schedule: Schedule
    zone: tzinfo
    zone_name: str
    is_follow_up: bool
    suppressed: str = ""  # in words, when it is
    address: AddressFacts = NOTHING_AGAINST
    no_consent: str = ""  # in words, where the law needs one that is not on record
    campaign_paused: bool = False
    new_leads_limit: int | None = None  # of the campaign, per rolling day
    new_leads_today: int = 0
    new_leads_free_at: datetime | None = None
    throttles: tuple[Throttle, ...] = ()  # of the recipient's domain, company and provider
    held: tuple[Hold, ...] = ()  # what a person or an answer holds: the address, its company, its provider


def mailbox_gates(box: MailboxFacts) -> Iterator[Verdict]:
    """Yield the verdicts that concern the whole mailbox."""
    later = box.now + box.pace.shrink(RECHECK)
    if box.state:
        yield Hold(HoldCode.MAILBOX_STATE, box.state, later)
    if box.disbelieved:
        yield Hold(HoldCode.AUTHENTICATION, box.disbelieved, later)
    if box.unheard:
        yield Hold(HoldCode.SYNC_STALE, box.unheard, _soon(box))
    if box.backoff_until and box.backoff_until > box.now:
        yield Hold(HoldCode.MAILBOX_BACKOFF, box.backoff_words, box.backoff_until)
    if box.free_at > box.now:
        yield Hold(HoldCode.GAP, "The mailbox keeps a gap between two messages.", box.free_at)
    if box.usage.hour >= box.limits.hourly:
        words = f"{box.usage.hour} of {box.limits.hourly} messages of this hour are sent."
        yield Hold(HoldCode.HOURLY_LIMIT, words, box.usage.hour_frees_at or later)
    budget = daily_budget(box.limits, box.usage)
    if box.usage.day >= budget:
        yield Hold(HoldCode.DAILY_LIMIT, _budget_words(box, budget), box.usage.day_frees_at or later)


def lead_gates(lead: LeadFacts, box: MailboxFacts) -> Iterator[Verdict]:
    """Yield the verdicts that concern one due step, given the mailbox that would carry it."""
    if lead.suppressed:
        yield Drop(DropCode.SUPPRESSED, lead.suppressed)
    yield address_gate(lead.address, is_follow_up=lead.is_follow_up, now=box.now, pace=box.pace)
    if lead.no_consent:
        yield Hold(HoldCode.NO_CONSENT, lead.no_consent, box.now + box.pace.shrink(RECHECK))
    yield from lead.held
    if lead.campaign_paused:
        yield Hold(HoldCode.CAMPAIGN_PAUSED, "The campaign is paused.", box.now + box.pace.shrink(RECHECK))
    yield _window(lead, box)
    yield freshness_gate(box) if lead.is_follow_up else new_leads_gate(_new_leads(lead), now=box.now, pace=box.pace)
    yield from throttle_gates(lead.throttles, now=box.now, pace=box.pace)


def address_gate(address: AddressFacts, *, is_follow_up: bool, now: datetime, pace: Pace) -> Verdict:
    """Say whether the address is fit to be written to; who has got a message already is not asked who they are."""
    if address.no_mail and address.doubted_until is None:
        return Drop(DropCode.NO_MAIL, address.no_mail)
    if not is_follow_up and address.disposable:
        return Drop(DropCode.DISPOSABLE, address.disposable)
    if not is_follow_up and address.role:
        return Drop(DropCode.ROLE_ADDRESS, address.role)
    if address.no_mail:
        # The second look is taken in real time, at whatever pace.
        until = max(address.doubted_until or now, now + pace.shrink(RECHECK))
        return Hold(HoldCode.DOMAIN_DOUBTED, address.no_mail, until)
    return SEND


def is_read_lately(synced_at: datetime | None, *, now: datetime, pace: Pace) -> bool:
    """Say whether a mailbox that was read to its end at this instant has no answer that nobody knows of."""
    return synced_at is not None and now - synced_at <= pace.shrink(FRESHNESS, floor=FRESHNESS_FLOOR)


def freshness_gate(box: MailboxFacts) -> Verdict:
    """Say whether the mailbox was read lately enough for its follow-ups: a reply that nobody has seen stops them."""
    if is_read_lately(box.synced_at, now=box.now, pace=box.pace):
        return SEND
    read = f"last read at {box.synced_at:%H:%M} UTC" if box.synced_at else "not read yet"
    words = f"The mailbox was {read}; a follow-up waits until we know that there is no reply."
    return Hold(HoldCode.SYNC_STALE, words, _soon(box))


def _soon(box: MailboxFacts) -> datetime:
    """Return when to look again whether a mailbox has been read."""
    return box.now + box.pace.shrink(timedelta(minutes=1), floor=timedelta(seconds=5))


def _budget_words(box: MailboxFacts, budget: int) -> str:
    bound = bound_by(box.limits, box.usage)
    return f"{box.usage.day} of {budget} messages of the last 24 hours are sent{f' ({bound})' if bound else ''}."


def _window(lead: LeadFacts, box: MailboxFacts) -> Verdict:
    window = next_window(lead.schedule, lead.zone, box.now)
    if isinstance(window, Never):
        # Not a Drop: a person can mend a schedule, and nobody can be enrolled a second time.
        return Hold(HoldCode.WINDOW, window.reason, box.now + box.pace.shrink(RECHECK))
    opens, closes = window
    if opens > box.now:
        words = outside_words(lead.schedule, lead.zone, lead.zone_name, box.now, opens)
        return Hold(HoldCode.WINDOW, words, opens)
    return Send(not_after=closes)


def _new_leads(lead: LeadFacts) -> Cap:
    return Cap(lead.new_leads_limit, lead.new_leads_today, lead.new_leads_free_at)
