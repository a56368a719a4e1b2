"""Keep the health of mailboxes: what cut it, what mended it, and what that leaves of the budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import HealthChange, Mailbox, MailboxClock
from sending.pacing import Pace
from sending.pacing.health import Cause, Health, Signal, after

_SHOWN = 20


def note(mailbox_id: int, cause: Cause, words: str = "", *, at: datetime | None = None) -> bool:
    """Note a signal; True when it changed the health. Runs inside the caller's transaction."""
    clock = (
        MailboxClock.objects.select_for_update(of=("self",), no_key=True)
        .select_related("mailbox__workspace")
        .filter(mailbox=mailbox_id)
        .first()
    )
    if clock is None:
        return False
    at = at or database_now()
    before = Health(clock.health, clock.cut_at)
    health = after(before, Signal(cause, at, _day(clock)))
    bad = {"bad_at": at} if cause.is_bad else {}
    MailboxClock.objects.filter(mailbox=mailbox_id).update(health=health.percent, cut_at=health.cut_at, **bad)
    changed = health.percent != before.percent
    if changed:
        HealthChange.objects.create(
            mailbox_id=mailbox_id, at=at, cause=cause, percent=health.percent, words=words[:500]
        )
    return changed


def newest_changes(mailbox: Mailbox) -> Sequence[HealthChange]:
    """Return the last changes of a mailbox's health, newest first."""
    return list(HealthChange.objects.filter(mailbox=mailbox).order_by("-id")[:_SHOWN])


def _day(clock: MailboxClock) -> timedelta:
    return Pace(clock.mailbox.workspace.time_scale).day
