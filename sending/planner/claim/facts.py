"""Load what the gates ask: the facts about mailboxes and about due steps, in few queries for many at once."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from uuid import UUID

from django.db import connection

from campaigns.calendar import zone_of_place
from campaigns.contacts.models import Contact
from campaigns.contacts.queries import SOMEBODY_REFUSES
from campaigns.sequences.plans import CampaignPlan
from outreach.accounts.models import Workspace
from outreach.kit import statements
from outreach.kit.loading import Columns, parts_of
from sending.mailboxes.budgets import facts_of, usages_of
from sending.mailboxes.hearing import unheard
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.pacing import MailboxFacts, Pace

_NEW_LEADS = """
SELECT a.id, count(*), min(e.begun_at)
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS a(id, day_from)
  JOIN planner_enrollment e ON e.campaign_id = a.id AND e.begun_at > a.day_from
 GROUP BY a.id
"""


_CLOCK, _MAILBOX, _WORKSPACE = Columns(MailboxClock, "k"), Columns(Mailbox, "m"), Columns(Workspace, "w")
_HELD = f"""
SELECT now(), EXISTS (SELECT FROM mailboxes_cooldown l WHERE l.mailbox_id = k.mailbox_id AND l.until > now()),
       {SOMEBODY_REFUSES.format(workspace="w.id")} IS TRUE,
       {_CLOCK.text}, {_MAILBOX.text}, {_WORKSPACE.text}
  FROM mailboxes_clock k
  JOIN mailboxes_mailbox m ON m.id = k.mailbox_id
  JOIN accounts_workspace w ON w.id = m.workspace_id
 WHERE k.mailbox_id = ANY(%s::bigint[]) AND k.lease_owner = %s
 ORDER BY k.mailbox_id
   FOR UPDATE OF k
"""  # noqa: S608  # our own words


@dataclass(frozen=True, slots=True)
class Sender:
    """A mailbox that is asked for its next message, with the facts about it."""

    id: int
    workspace_id: int
    address: str
    display_name: str
    reply_to: str
    signature: str
    postal_address: str  # of its workspace
    pace: Pace
    facts: MailboxFacts
    is_held: bool = False  # as the last claim left it
    follow_ups_held: bool = False
    new_held: bool = False
    is_cooling: bool = False  # leaves a provider alone; known to a claim alone
    may_be_refused: bool = False  # somebody refuses a sender of its workspace; known to a claim alone


@dataclass(frozen=True, slots=True)
class NewLeads:
    """How many contacts a campaign has begun in its rolling day, and when the oldest place comes back."""

    today: int = 0
    free_at: datetime | None = None


def senders_held_by(owner: UUID, mailbox_ids: Sequence[int]) -> list[Sender]:
    """Return those of the mailboxes that the lease of `owner` holds, their clocks locked until the commit.

    The facts are as of the database's instant.
    """
    clocks = []
    rows = statements.run(_HELD, [list(mailbox_ids), owner])
    cooling, refused = set(), set()
    for _, is_cooling, may_be_refused, *values in rows:
        clock, mailbox, workspace = parts_of(values, _CLOCK, _MAILBOX, _WORKSPACE)
        assert isinstance(clock, MailboxClock)
        assert isinstance(mailbox, Mailbox)
        assert isinstance(workspace, Workspace)
        clock.mailbox, mailbox.workspace = mailbox, workspace
        clocks.append(clock)
        if is_cooling:
            cooling.add(clock.mailbox_id)
        if may_be_refused:
            refused.add(clock.mailbox_id)
    found = _senders(clocks, cooling, now=rows[0][0]) if rows else []
    return [replace(one, may_be_refused=one.id in refused) for one in found] if refused else found


def senders_of(mailboxes: Sequence[Mailbox], *, now: datetime) -> list[Sender]:
    """Return the facts about mailboxes without holding them: for explanations."""
    clocks = MailboxClock.objects.select_related("mailbox__workspace").filter(mailbox__in=mailboxes)
    return _senders(list(clocks.order_by("mailbox_id")), (), now=now)


def zone_of(plan: CampaignPlan, contact: Contact) -> tuple[str, tzinfo]:
    """Return the name and the zone that decide for a contact: their own, that of their place, the campaign's."""
    return zone_by(plan, contact.time_zone, contact.country, contact.region)


def zone_by(plan: CampaignPlan, time_zone: str, country: str, region: str) -> tuple[str, tzinfo]:
    """Return the same for a contact of whom only zone, country and region are known, "" where they are not."""
    return plan.zone_for(time_zone or zone_of_place(country, region) or "")


def new_leads_today(paces: dict[int, Pace], *, now: datetime) -> dict[int, NewLeads]:
    """Return how many contacts each campaign (id -> its pace) has begun in its rolling day."""
    with connection.cursor() as cursor:
        cursor.execute(_NEW_LEADS, [list(paces), [now - pace.day for pace in paces.values()]])
        return {pk: NewLeads(count, oldest + paces[pk].day) for pk, count, oldest in cursor.fetchall()}


def _senders(clocks: Sequence[MailboxClock], cooling: Container[int], *, now: datetime) -> list[Sender]:
    usages, deaf = usages_of(clocks, now=now), unheard(clocks, now=now)
    return [
        _sender(
            clock,
            facts_of(clock, usages[clock.mailbox_id], now=now, unheard=deaf.get(clock.mailbox_id, "")),
            is_cooling=clock.mailbox_id in cooling,
        )
        for clock in clocks
    ]


def _sender(clock: MailboxClock, facts: MailboxFacts, *, is_cooling: bool) -> Sender:
    mailbox = clock.mailbox
    return Sender(
        id=mailbox.pk,
        workspace_id=mailbox.workspace_id,
        address=mailbox.address,
        display_name=mailbox.display_name,
        reply_to=mailbox.reply_to,
        signature=mailbox.signature,
        postal_address=mailbox.workspace.postal_address,
        pace=facts.pace,
        facts=facts,
        is_held=bool(clock.hold_code),
        follow_ups_held=clock.follow_up_hold_until is not None,
        new_held=clock.new_hold_until is not None,
        is_cooling=is_cooling,
    )
