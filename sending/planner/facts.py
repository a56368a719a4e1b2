"""Load what the gates ask: the facts about mailboxes and about due steps, in few queries for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.pacing import Limits, MailboxFacts, Pace, Usage

_USAGE = """
SELECT a.id, count(*), count(*) FILTER (WHERE s.spent_at > a.hour_from), count(*) FILTER (WHERE s.is_new_lead),
       min(s.spent_at), min(s.spent_at) FILTER (WHERE s.spent_at > a.hour_from)
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS a(id, day_from, hour_from)
  JOIN mailboxes_spending s ON s.mailbox_id = a.id AND s.spent_at > a.day_from
 GROUP BY a.id
"""
_NEW_LEADS = """
SELECT a.id, count(*), min(e.begun_at)
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS a(id, day_from)
  JOIN planner_enrollment e ON e.campaign_id = a.id AND e.begun_at > a.day_from
 GROUP BY a.id
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """A mailbox that is asked for its next message, with the facts about it."""

    id: int
    workspace_id: int
    address: str
    display_name: str
    reply_to: str
    signature: str
    pace: Pace
    facts: MailboxFacts


@dataclass(frozen=True, slots=True)
class NewLeads:
    """How many contacts a campaign has begun in its rolling day, and when the oldest place comes back."""

    today: int = 0
    free_at: datetime | None = None


def database_now() -> datetime:
    """Return the instant of the database's clock, which decides about leases, limits and windows alike."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def senders_held_by(owner: UUID, mailbox_ids: Sequence[int], *, now: datetime) -> list[Sender]:
    """Return those of the mailboxes that the lease of `owner` holds, their clocks locked until the commit."""
    clocks = (
        MailboxClock.objects.select_for_update(of=("self",))
        .select_related("mailbox__workspace")
        .filter(mailbox__in=mailbox_ids, lease_owner=owner)
        .order_by("mailbox_id")
    )
    return _senders(list(clocks), now=now)


def senders_of(mailboxes: Sequence[Mailbox], *, now: datetime) -> list[Sender]:
    """Return the facts about mailboxes without holding them: for explanations."""
    clocks = MailboxClock.objects.select_related("mailbox__workspace").filter(mailbox__in=mailboxes)
    return _senders(list(clocks.order_by("mailbox_id")), now=now)


def new_leads_today(paces: dict[int, Pace], *, now: datetime) -> dict[int, NewLeads]:
    """Return how many contacts each campaign (id -> its pace) has begun in its rolling day."""
    with connection.cursor() as cursor:
        cursor.execute(_NEW_LEADS, [list(paces), [now - pace.day for pace in paces.values()]])
        return {pk: NewLeads(count, oldest + paces[pk].day) for pk, count, oldest in cursor.fetchall()}


def _senders(clocks: Sequence[MailboxClock], *, now: datetime) -> list[Sender]:
    usages = _usages(clocks, now=now)
    return [_sender(clock, usages.get(clock.mailbox_id, Usage()), now=now) for clock in clocks]


def _usages(clocks: Sequence[MailboxClock], *, now: datetime) -> dict[int, Usage]:
    paces = {clock.mailbox_id: Pace(clock.mailbox.workspace.time_scale) for clock in clocks}
    days = {clock.mailbox_id: clock.ramp_days for clock in clocks}
    with connection.cursor() as cursor:
        cursor.execute(
            _USAGE,
            [list(paces), [now - pace.day for pace in paces.values()], [now - pace.hour for pace in paces.values()]],
        )
        spent = {
            pk: Usage(
                day=day,
                hour=hour,
                new_leads_day=new,
                day_frees_at=oldest + paces[pk].day,
                hour_frees_at=hour_oldest and hour_oldest + paces[pk].hour,
                sending_days=days[pk],
            )
            for pk, day, hour, new, oldest, hour_oldest in cursor.fetchall()
        }
    return {pk: spent.get(pk, Usage(sending_days=count)) for pk, count in days.items()}


def _sender(clock: MailboxClock, usage: Usage, *, now: datetime) -> Sender:
    mailbox = clock.mailbox
    pace = Pace(mailbox.workspace.time_scale)
    facts = MailboxFacts(
        now=now,
        pace=pace,
        limits=limits_of(mailbox),
        usage=usage,
        state="" if mailbox.state == MailboxState.ACTIVE else _state_words(mailbox),
        free_at=clock.free_at,
        backoff_until=clock.backoff_until,
        backoff_words=clock.backoff_words,
        synced_at=clock.synced_at,
    )
    return Sender(
        id=mailbox.pk,
        workspace_id=mailbox.workspace_id,
        address=mailbox.address,
        display_name=mailbox.display_name,
        reply_to=mailbox.reply_to,
        signature=mailbox.signature,
        pace=pace,
        facts=facts,
    )


def limits_of(mailbox: Mailbox) -> Limits:
    """Return what the mailbox's settings allow."""
    return Limits(
        daily=mailbox.daily_limit,
        hourly=mailbox.hourly_limit,
        gap_min=timedelta(seconds=mailbox.gap_min_s),
        gap_max=timedelta(seconds=mailbox.gap_max_s),
        ramp_start=mailbox.ramp_start if mailbox.ramp_on else None,
        ramp_step=mailbox.ramp_step,
    )


def _state_words(mailbox: Mailbox) -> str:
    state = mailbox.state.replace("_", " ")
    return f"The mailbox is {state}: {mailbox.state_reason}" if mailbox.state_reason else f"The mailbox is {state}."
