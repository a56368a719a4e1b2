"""What held a mailbox on a day, from the stretches that were kept and from its pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sending.ledger.days import bounds_of
from sending.ledger.kinds import StretchScope
from sending.ledger.stretches import stretches_between
from sending.mailboxes.models import Mailbox
from sending.planner.explain.past import mailbox_pauses
from sending.planner.explain.places import Place, place_of


@dataclass(frozen=True, slots=True)
class MailboxHold:
    """One reason that held a mailbox, whom it held, and the part of it that lies on the day."""

    begin: datetime
    end: datetime
    scope: StretchScope
    code: str
    words: str
    place: Place | None


def holds_of(mailbox: Mailbox, day: date, *, now: datetime) -> Sequence[MailboxHold]:
    """Return what held the mailbox (its workspace is loaded) on a day of the workspace, in the order of time."""
    begin, finish = bounds_of(day, ZoneInfo(mailbox.workspace.time_zone))
    end = min(finish, now)
    kept = [
        (one.begun_at, one.until, StretchScope(one.scope), one.code, one.words)
        for one in stretches_between(begin, end, mailboxes=[mailbox.pk])
    ]
    kept += [
        (span.begin, span.end, StretchScope.EVERYBODY, span.code, span.words)
        for span in mailbox_pauses(mailbox.workspace_id, {mailbox.pk: mailbox.address}, before=end)
    ]
    return [
        MailboxHold(max(start, begin), min(stop, end), scope, code, words, place_of(code, mailbox_id=mailbox.pk))
        for start, stop, scope, code, words in sorted(kept, key=lambda one: one[:2])
        if max(start, begin) < min(stop, end)
    ]
