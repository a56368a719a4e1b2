"""The log: every event, and so the rows behind each number that is counted from events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.ledger.days import bounds_of, day_in
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.queries import events_of


@dataclass(frozen=True, slots=True)
class LogFilters:
    """What narrows the log; it lives in the URL. `day` is one day of the workspace, `since` it and all after it."""

    kind: EventKind | None = None
    day: date | None = None
    since: date | None = None
    campaign: int | None = None
    mailbox: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One event with the names of what it is about; names are empty where it is gone."""

    event: Event
    contact: str
    campaign: str
    words: str  # what was said, or why
    inbound_id: int | None  # the mail that came in


def log_filters_from(query: QueryDict) -> LogFilters:
    """Read the filters of a URL; what makes no sense is left out."""
    kind = query.get("kind", "")
    return LogFilters(
        kind=EventKind(kind) if kind in set(EventKind) else None,
        day=day_in(query.get("day", "")),
        since=day_in(query.get("since", "")),
        campaign=_id_in(query.get("campaign", "")),
        mailbox=_id_in(query.get("mailbox", "")),
    )


def log_of(member: Member, filters: LogFilters) -> QuerySet[Event]:
    """Return the events that the filters leave, for keyset paging by happened_at."""
    rows = events_of(member, kind=filters.kind, campaign_id=filters.campaign, mailbox_id=filters.mailbox)
    zone = ZoneInfo(member.workspace.time_zone)
    if filters.day is not None:
        start, end = bounds_of(filters.day, zone)
        rows = rows.filter(at__gte=start, at__lt=end)
    if filters.since is not None:
        rows = rows.filter(at__gte=bounds_of(filters.since, zone)[0])
    return rows


def lines_of(member: Member, events: Collection[Event]) -> Sequence[Line]:
    """Return the events with the names of their contacts and campaigns, in two queries."""
    workspace = member.workspace
    wanted = {event.contact_id for event in events if event.contact_id}
    contacts = dict(Contact.objects.filter(workspace=workspace, pk__in=wanted).values_list("pk", "email"))
    about = {event.campaign_id for event in events if event.campaign_id}
    campaigns = dict(Campaign.objects.filter(workspace=workspace, pk__in=about).values_list("pk", "name"))
    return [
        Line(
            event,
            contacts.get(event.contact_id or 0, ""),
            campaigns.get(event.campaign_id or 0, ""),
            event.said,
            event.data.get("inbound"),
        )
        for event in events
    ]


def _id_in(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
