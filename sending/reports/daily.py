"""Counts by the days of a workspace: today, the last 30 days, the last 14 days of a campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from outreach.accounts.access import Member
from outreach.kit import clock
from sending.ledger.days import last_days
from sending.ledger.kinds import EventKind
from sending.ledger.queries import per_day

OVERVIEW_KINDS = (
    EventKind.ATTEMPTED,
    EventKind.SENT,
    EventKind.REPLIED,
    EventKind.AUTO_REPLIED,
    EventKind.BOUNCED_HARD,
    EventKind.OPTED_OUT,
)
DAY_KINDS = (EventKind.SENT, EventKind.REPLIED, EventKind.AUTO_REPLIED, EventKind.BOUNCED_HARD, EventKind.OPTED_OUT)
_MONTH, _FORTNIGHT = 30, 14


@dataclass(frozen=True, slots=True)
class Overview:
    """What happened today and in the last 30 days, by the value of its kind."""

    day: date
    today: Mapping[str, int]
    month: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Day:
    """The counts of one day, in the order of DAY_KINDS."""

    date: date
    counts: Sequence[tuple[EventKind, int]]


def overview_of(member: Member) -> Overview:
    """Return the counts of today and of the last 30 days, today included."""
    days = _days(member, _MONTH)
    counted = per_day(member.workspace.pk, OVERVIEW_KINDS, since=days[0])
    month = {kind.value: sum(counted.get(day, {}).get(kind, 0) for day in days) for kind in OVERVIEW_KINDS}
    today = {kind.value: counted.get(days[-1], {}).get(kind, 0) for kind in OVERVIEW_KINDS}
    return Overview(days[-1], today, month)


def last_days_of(member: Member, campaign_id: int) -> Sequence[Day]:
    """Return those of the last 14 days on which something happened in a campaign, newest first."""
    days = _days(member, _FORTNIGHT)
    counted = per_day(member.workspace.pk, DAY_KINDS, since=days[0], campaign_id=campaign_id)
    return [
        Day(day, [(kind, counted[day].get(kind, 0)) for kind in DAY_KINDS]) for day in reversed(days) if day in counted
    ]


def _days(member: Member, count: int) -> list[date]:
    return last_days(count, now=clock.now(), zone=ZoneInfo(member.workspace.time_zone))
