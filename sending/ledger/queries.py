"""Read tallies and events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from django.db.models import F, Q, QuerySet, Sum

from outreach.accounts.access import Member
from sending.ledger.kinds import EventKind, How
from sending.ledger.models import DailyTally, Event


def totals(
    workspace_id: int,
    *,
    since: date | None = None,
    campaign_id: int | None = None,
    mailbox_id: int | None = None,
) -> dict[EventKind, int]:
    """Return how often each kind happened, every kind present; days count in the workspace's zone."""
    rows = _tallies(workspace_id)
    if since is not None:
        rows = rows.filter(day__gte=since)
    if campaign_id is not None:
        rows = rows.filter(campaign_id=campaign_id)
    if mailbox_id is not None:
        rows = rows.filter(mailbox_id=mailbox_id)
    counted = dict(rows.values_list("kind").annotate(total=Sum("count")))
    return {kind: counted.get(kind.value, 0) for kind in EventKind}


def per_day(
    workspace_id: int, kinds: Collection[EventKind], *, since: date, campaign_id: int | None = None
) -> dict[date, dict[EventKind, int]]:
    """Return the counts of each day that has any, oldest first."""
    rows = _tallies(workspace_id).filter(day__gte=since, kind__in=kinds)
    if campaign_id is not None:
        rows = rows.filter(campaign_id=campaign_id)
    days: dict[date, dict[EventKind, int]] = {}
    for day, kind, total in rows.values_list("day", "kind").annotate(total=Sum("count")).order_by("day"):
        days.setdefault(day, {})[EventKind(kind)] = total
    return days


def counts_by(
    of: Literal["campaign_id", "mailbox_id"],
    workspace_id: int,
    kinds: Collection[EventKind],
    *,
    since: date | None = None,
    only: int | None = None,
) -> dict[int, Mapping[tuple[EventKind, How], int]]:
    """Return the counts of each campaign, or each mailbox, by kind and how it happened; without any it is absent."""
    rows = _tallies(workspace_id).filter(kind__in=kinds)
    rows = rows.filter(**{of: only}) if only is not None else rows.exclude(**{of: 0})
    if since is not None:
        rows = rows.filter(day__gte=since)
    found: dict[int, dict[tuple[EventKind, How], int]] = {}
    for pk, kind, how, total in rows.values_list(of, "kind", "how").annotate(total=Sum("count")).order_by():
        found.setdefault(pk, {})[EventKind(kind), How(how)] = total
    return dict(found)


def feed(
    member: Member,
    *,
    kinds: Collection[EventKind] = (),
    campaign_id: int | None = None,
    mailbox_id: int | None = None,
    limit: int = 30,
) -> Sequence[Event]:
    """Return the newest events of the workspace, of one campaign or of one mailbox."""
    rows = events_of(member, campaign_id=campaign_id, mailbox_id=mailbox_id)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return list(rows[:limit])


def events_of(
    member: Member, *, kind: EventKind | None = None, campaign_id: int | None = None, mailbox_id: int | None = None
) -> QuerySet[Event]:
    """Return the events behind a number, for keyset paging by (happened_at, id): the tallies count these."""
    rows = Event.objects.filter(workspace=member.workspace).annotate(happened_at=F("at"))
    if kind is not None:
        rows = rows.filter(kind=kind)
    if campaign_id is not None:
        rows = rows.filter(campaign_id=campaign_id)
    if mailbox_id is not None:
        rows = rows.filter(mailbox_id=mailbox_id)
    return rows.order_by("-at", "-id")


def events_of_message(workspace_id: int, message_id: int) -> Sequence[Event]:
    """Return what happened to one message, in order."""
    return list(Event.objects.filter(workspace_id=workspace_id, message_id=message_id).order_by("id"))


def events_of_enrollment(
    contact_id: int, enrollment_id: int, *, kinds: Collection[EventKind], before: datetime
) -> list[Event]:
    """Return what happened on one contact's way through one campaign before an instant, in order."""
    rows = Event.objects.filter(contact_id=contact_id, enrollment_id=enrollment_id, kind__in=kinds, at__lt=before)
    return list(rows.order_by("id"))


def events_of_kinds(workspace_id: int, kinds: Collection[EventKind], *, before: datetime) -> list[Event]:
    """Return the events of kinds that are rare, as pauses are, before an instant, in order."""
    return list(Event.objects.filter(workspace_id=workspace_id, kind__in=kinds, at__lt=before).order_by("id"))


def count_on(workspace_id: int, day: date, kind: EventKind, *, mailboxes: Collection[int] = ()) -> int:
    """Return how often a kind happened on one day, of some mailboxes or of the whole workspace."""
    rows = _tallies(workspace_id).filter(day=day, kind=kind)
    if mailboxes:
        rows = rows.filter(mailbox_id__in=mailboxes)
    return int(rows.aggregate(total=Sum("count"))["total"] or 0)


def _tallies(workspace_id: int) -> QuerySet[DailyTally]:
    """Return the folded parts and the fresh ones, named apart: each kind has indexes of its own."""
    return DailyTally.objects.filter(Q(is_fresh=False) | Q(is_fresh=True), workspace_id=workspace_id)
