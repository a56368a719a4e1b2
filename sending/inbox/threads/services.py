"""What a team does with a conversation: one verb, one statement; each raises the version that pages compare."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from outreach.accounts.access import Member
from outreach.accounts.models import Membership
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.inbox.threads.models import Label, Thread, ThreadLabel, ThreadNote
from sending.inbox.threads.placing import add_words
from sending.inbox.threads.states import ThreadState

LONGEST_SNOOZE = timedelta(days=366)
LONGEST_NOTE = 4000
MOST_LABELS = 50
_IN_HAND: dict[str, Any] = {"snoozed_until": None, "done_at": None}


class NotPossible(ValueError):
    """It cannot be done; the words say why."""


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


def assign(member: Member, thread: Thread, user_id: int | None) -> None:
    """Give a conversation to somebody of the workspace who may work in it, or to nobody. Raises NotPossible."""
    member.require(Role.MEMBER)
    if user_id is not None:
        held = Membership.objects.filter(workspace=member.workspace, user=user_id).first()
        if held is None or not Role(held.role).reaches(Role.MEMBER):
            raise NotPossible("Only who may work in this workspace can have a conversation.")
    _change(thread, assignee=user_id)


def snooze(member: Member, thread: Thread, until: datetime | None) -> None:
    """Let a conversation sleep until then, or until a person writes in it. Raises NotPossible."""
    member.require(Role.MEMBER)
    now = clock.now()
    if until is None:
        raise NotPossible("Say until when, in the time to come: by a button, or by day and time.")
    if not now < until <= now + LONGEST_SNOOZE:
        raise NotPossible(f"A conversation sleeps until a time to come, {LONGEST_SNOOZE.days} days at most.")
    _change(thread, state=ThreadState.SNOOZED, snoozed_until=until, done_at=None)


def wake_sleepers(*, most: int = 1000) -> int:
    """Bring back the conversations whose time has come; unread, so that somebody sees them. Safe to run anywhere."""
    with transaction.atomic():
        due = Thread.objects.filter(state=ThreadState.SNOOZED, snoozed_until__lte=Now())
        held = due.order_by("snoozed_until").select_for_update(skip_locked=True, no_key=True)
        ids = list(held.values_list("pk", flat=True)[:most])
        rows = Thread.objects.filter(pk__in=ids)
        return rows.update(state=ThreadState.OPEN, snoozed_until=None, is_unread=F("is_talk"), version=F("version") + 1)


def put_label(member: Member, thread: Thread, name: str) -> Label:
    """Put a label on a conversation; a new word makes a new label. Raises NotPossible."""
    member.require(Role.MEMBER)
    plain = " ".join(name.replace("\x00", "").split())[:40]
    if not plain:
        raise NotPossible("A label needs a name.")
    with transaction.atomic():
        named = Label.objects.select_for_update(no_key=True).filter(workspace=member.workspace, name__iexact=plain)
        label = named.first()
        if label is None:
            if Label.objects.filter(workspace=member.workspace).count() >= MOST_LABELS:
                raise NotPossible(f"There are {MOST_LABELS} labels already: use one of them.")
            Label.objects.bulk_create([Label(workspace=member.workspace, name=plain)], ignore_conflicts=True)
            label = named.get()
        ThreadLabel.objects.bulk_create([ThreadLabel(thread=thread, label=label)], ignore_conflicts=True)
        _change(thread)
    return label


def take_label(member: Member, thread: Thread, label_id: int) -> None:
    """Take a label off a conversation; with the last one it goes away."""
    member.require(Role.MEMBER)
    with transaction.atomic():
        label = Label.objects.select_for_update().filter(workspace=member.workspace, pk=label_id).first()
        if label is None:
            return
        ThreadLabel.objects.filter(thread=thread, label=label).delete()
        if not ThreadLabel.objects.filter(label=label).exists():
            label.delete()
        _change(thread)


def add_note(member: Member, thread: Thread, text: str) -> ThreadNote:
    """Write a note of the team into a conversation; it is found by its words. Raises NotPossible."""
    member.require(Role.MEMBER)
    plain = text.replace("\x00", "").strip()
    if not plain or len(plain) > LONGEST_NOTE:
        raise NotPossible(f"A note has between one and {LONGEST_NOTE:,} characters.")
    with transaction.atomic():
        note = ThreadNote.objects.create(thread=thread, text=plain, written_by=member.user)
        add_words(thread.pk, plain)
        _change(thread)
    return note


def _change(thread: Thread, **values: Any) -> None:
    Thread.objects.filter(pk=thread.pk).update(**values, version=F("version") + 1)
