"""Facts with plain values: a mailbox that may send at a Tuesday noon, and a new contact whose window is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import settings

from campaigns.calendar import Schedule, Window
from sending.pacing import LeadFacts, Limits, MailboxFacts, Pace, Usage

# A machine that is busy with other tests is no slower code.
calm = settings(deadline=None)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday, 13:00 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Schedule(tuple(Window(weekday, 9 * 60, 17 * 60) for weekday in range(1, 6)))
LIMITS = Limits(daily=30, hourly=8, gap_min=timedelta(minutes=6), gap_max=timedelta(minutes=12))


def limits(**changes: object) -> Limits:
    return replace(LIMITS, **changes)  # type: ignore[arg-type]  # each test names real fields


def box(**changes: object) -> MailboxFacts:
    ready = MailboxFacts(
        now=NOW, pace=Pace(), limits=LIMITS, usage=Usage(), state="", free_at=NOW, synced_at=NOW - timedelta(minutes=1)
    )
    return ready._replace(**changes)  # type: ignore[arg-type]


def lead(**changes: object) -> LeadFacts:
    new = LeadFacts(schedule=OFFICE, zone=BERLIN, zone_name="Europe/Berlin", is_follow_up=False)
    return replace(new, **changes)  # type: ignore[arg-type]
