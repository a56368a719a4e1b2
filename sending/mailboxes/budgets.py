"""The account book of mailboxes: what they may send, what they have sent, and what holds them now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from outreach.kit import statements
from sending.mailboxes.hearing import unheard
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.presets import by_server
from sending.mailboxes.states import MEANINGS, MailboxState
from sending.pacing import Hold, Limits, MailboxFacts, Pace, Usage, bound_by, daily_budget, decide, mailbox_gates
from sending.pacing.gates import is_read_lately
from sending.pacing.health import FULL, halved, idle_spells

_USAGE = """
SELECT a.id, count(*), count(*) FILTER (WHERE s.spent_at > a.hour_from), count(*) FILTER (WHERE s.is_new_lead),
       min(s.spent_at), min(s.spent_at) FILTER (WHERE s.spent_at > a.hour_from)
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS a(id, day_from, hour_from)
  JOIN mailboxes_spending s ON s.mailbox_id = a.id AND s.spent_at > a.day_from
 GROUP BY a.id
"""
_PLACES = """
SELECT m.workspace_id, sum(GREATEST(LEAST(1, b.places), b.places * c.health / 100))
  FROM mailboxes_mailbox m
  JOIN mailboxes_clock c ON c.mailbox_id = m.id
 CROSS JOIN LATERAL (
    SELECT CASE WHEN m.ramp_on THEN LEAST(m.daily_limit, m.ramp_start + m.ramp_step * c.ramp_days)
                ELSE m.daily_limit END AS places) b
 WHERE m.workspace_id = ANY(%s::bigint[]) AND m.state = 'active'
 GROUP BY m.workspace_id
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """A mailbox with its book of the rolling day, and the verdict that holds it, if any."""

    mailbox: Mailbox
    usage: Usage
    budget: int  # of today: limit, ceiling, ramp and health
    bound: str  # what makes it smaller than the mailbox's limit, in words
    health: int  # in percent
    hold: Hold | None
    synced_at: datetime | None
    is_fresh: bool  # read lately enough for its follow-ups

    @property
    def free(self) -> int:
        return max(0, self.budget - self.usage.day)


def database_now() -> datetime:
    """Return the instant of the database's clock, which decides about leases, limits and windows alike."""
    return statements.run("SELECT now()")[0][0]  # type: ignore[no-any-return]


def budgets_of(mailboxes: Sequence[Mailbox]) -> list[Budget]:
    """Return the books of mailboxes, in the given order; three queries, however many mailboxes."""
    now = database_now()
    clocks = {
        clock.mailbox_id: clock
        for clock in MailboxClock.objects.filter(mailbox__in=mailboxes).select_related("mailbox__workspace")
    }
    usages = usages_of(list(clocks.values()), now=now)
    deaf = unheard(list(clocks.values()), now=now)
    return [
        _budget(clocks[mailbox.pk], usages[mailbox.pk], deaf.get(mailbox.pk, ""), now=now)
        for mailbox in mailboxes
        if mailbox.pk in clocks
    ]


def places_of_day(workspace_ids: Collection[int]) -> dict[int, int]:
    """Return how many messages the active mailboxes of workspaces may send in a rolling day, all together.

    Limit, ramp and noted health; the ceilings of providers aside. One query, for thousands of mailboxes as well.
    """
    return {pk: int(places) for pk, places in statements.run(_PLACES, [list(workspace_ids)])}


def usages_of(clocks: Sequence[MailboxClock], *, now: datetime) -> dict[int, Usage]:
    paces = {clock.mailbox_id: Pace(clock.mailbox.workspace.time_scale) for clock in clocks}
    days = {clock.mailbox_id: clock.ramp_days for clock in clocks}
    since = [list(paces), [now - pace.day for pace in paces.values()], [now - pace.hour for pace in paces.values()]]
    spent = {
        pk: Usage(
            day=day,
            hour=hour,
            new_leads_day=new,
            day_frees_at=oldest + paces[pk].day,
            hour_frees_at=hour_oldest and hour_oldest + paces[pk].hour,
            sending_days=days[pk],
        )
        for pk, day, hour, new, oldest, hour_oldest in statements.run(_USAGE, since)
    }
    return {pk: spent.get(pk, Usage(sending_days=count)) for pk, count in days.items()}


def facts_of(clock: MailboxClock, usage: Usage, *, now: datetime, unheard: str = "") -> MailboxFacts:
    """Return what the gates ask about a mailbox; the clock comes with its mailbox and workspace.

    unheard: as mailboxes.hearing has it, which asks for many at once.
    """
    mailbox = clock.mailbox
    return MailboxFacts(
        now=now,
        pace=Pace(mailbox.workspace.time_scale),
        limits=limits_of(mailbox, health=health_at(clock, now=now)),
        usage=usage,
        state="" if mailbox.state == MailboxState.ACTIVE else _state_words(mailbox),
        free_at=clock.free_at,
        backoff_until=clock.backoff_until,
        backoff_words=clock.backoff_words,
        synced_at=clock.synced_at,
        disbelieved=clock.cold_hold_words,
        unheard=unheard,
    )


def health_at(clock: MailboxClock, *, now: datetime) -> int:
    """Return the health in percent, less idle time that nothing has noted yet; the clock comes with its workspace."""
    day = Pace(clock.mailbox.workspace.time_scale).day
    return halved(clock.health, idle_spells(clock.ramp_day_at, now, day)) if clock.ramp_day_at else clock.health


def limits_of(mailbox: Mailbox, *, health: int = FULL) -> Limits:
    """Return what the mailbox's settings, its provider and its health allow."""
    provider = by_server(mailbox.smtp_host, mailbox.address)
    return Limits(
        daily=mailbox.daily_limit,
        hourly=mailbox.hourly_limit,
        gap_min=timedelta(seconds=mailbox.gap_min_s),
        gap_max=timedelta(seconds=mailbox.gap_max_s),
        ramp_start=mailbox.ramp_start if mailbox.ramp_on else None,
        ramp_step=mailbox.ramp_step,
        ceiling=provider.ceiling if provider else None,
        provider=provider.name if provider else "",
        health=health,
    )


def _budget(clock: MailboxClock, usage: Usage, deaf: str, *, now: datetime) -> Budget:
    facts = facts_of(clock, usage, now=now, unheard=deaf)
    verdict = decide(mailbox_gates(facts))
    hold = verdict if isinstance(verdict, Hold) else None
    return Budget(
        mailbox=clock.mailbox,
        usage=usage,
        budget=daily_budget(facts.limits, usage),
        bound=bound_by(facts.limits, usage),
        health=facts.limits.health,
        hold=hold,
        synced_at=clock.synced_at,
        is_fresh=is_read_lately(clock.synced_at, now=now, pace=facts.pace),
    )


def _state_words(mailbox: Mailbox) -> str:
    meaning = MEANINGS[MailboxState(mailbox.state)]
    return f"{meaning}: {mailbox.state_reason}" if mailbox.state_reason else f"{meaning}."
