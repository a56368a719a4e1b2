"""What a team does with a conversation: one verb, one statement; each raises the version that pages compare."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.inbox.threads.models import Thread
from sending.inbox.threads.states import ThreadState

_IN_HAND: dict[str, Any] = {"snoozed_until": None, "done_at": None}


def mark_read(member: Member, thread: Thread, *, is_read: bool) -> bool:
    """Mark a conversation as read, or as unread again. False where it is marked so already."""
    member.require(Role.MEMBER)
    rows = Thread.objects.filter(pk=thread.pk, is_unread=is_read)
    return bool(rows.update(is_unread=not is_read, version=F("version") + 1))


def put_away(member: Member, thread: Thread) -> None:
    """Take a conversation off the lists of work until a person writes in it again."""
    member.require(Role.MEMBER)
    _change(thread, state=ThreadState.DONE, snoozed_until=None, done_at=Now(), is_unread=False)


def take_up(member: Member, thread: Thread) -> None:
    """Put a conversation that was put away, or sleeps, back among those of work."""
    member.require(Role.MEMBER)
    _change(thread, state=ThreadState.OPEN, **_IN_HAND)


def _change(thread: Thread, **values: Any) -> None:
    Thread.objects.filter(pk=thread.pk).update(**values, version=F("version") + 1)
