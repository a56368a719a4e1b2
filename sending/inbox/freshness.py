"""Read how the reading of a mailbox stands: how fresh it is, what comes next, what was set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import Http404

from outreach.accounts.access import Member
from sending.imap import Protocol
from sending.inbox.maildrop import MARK
from sending.inbox.models import BackFill, MailboxSync, MailFolder, SetAside
from sending.inbox.rhythm import next_wait
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.pacing import Pace
from sending.pacing.gates import is_read_lately

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """How the reading of one mailbox stands. is_fresh: its follow-ups may leave; idle_min: asked so often when idle."""

    sync: MailboxSync | None
    folders: Sequence[MailFolder]
    back_fill: BackFill | None
    aside: int
    is_fresh: bool
    synced_at: datetime | None
    idle_min: int

    @property
    def done_percent(self) -> int:
        """Of the back-fill that is under way."""
        fill = self.back_fill
        if fill is None or fill.left is None:
            return 0
        total = fill.looked_at + fill.left
        return 100 * fill.looked_at // total if total else 100


def standing_of(mailbox: Mailbox) -> Standing:
    """Return how the reading of a mailbox stands; it comes with its clock and its workspace."""
    pace = Pace(mailbox.workspace.time_scale)
    return Standing(
        sync=MailboxSync.objects.filter(pk=mailbox.pk).first(),
        folders=list(MailFolder.objects.filter(mailbox=mailbox).exclude(name=MARK).order_by("id")),
        back_fill=BackFill.objects.filter(pk=mailbox.pk).select_related("asked_by").first(),
        aside=SetAside.objects.filter(mailbox=mailbox).count(),
        is_fresh=is_read_lately(mailbox.clock.synced_at, now=database_now(), pace=pace),
        synced_at=mailbox.clock.synced_at,
        idle_min=round(next_wait(Protocol(mailbox.reading), None, pace=pace).total_seconds() / 60),
    )


def set_aside_of(member: Member) -> Sequence[SetAside]:
    """Return the mails of the workspace that could not be taken in, newest first, without their content."""
    return list(_set_aside(member).select_related("mailbox").order_by("-id")[:_SHOWN])


def set_aside_count(member: Member) -> int:
    return _set_aside(member).count()


def set_aside_for(member: Member, pk: int) -> SetAside:
    """Return one mail of the member's workspace that could not be taken in. Raises Http404 for any other."""
    row = _set_aside(member).filter(pk=pk).first()
    if row is None:
        raise Http404("No such mail")
    return row


def _set_aside(member: Member) -> QuerySet[SetAside]:
    return SetAside.objects.filter(mailbox__workspace=member.workspace).defer("raw")
