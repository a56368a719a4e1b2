"""Back-fill: take in mail from before a mailbox was read, because a person asked for so many days of it.

It goes on behind what is new, in pieces, from a place mark of its own in each folder; over POP3 see filling_drops. What
it brings may stop a sequence or suppress an address; it leads nobody on, settles no doubt and so makes nothing leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.imap import Folder, Reader
from sending.inbox.aside import Place, take
from sending.inbox.folders import MAX_BYTES
from sending.inbox.models import BackFill, MailboxSync, MailFolder
from sending.inbox.seen import Seen
from sending.mailboxes.models import Mailbox

MOST_DAYS = 365


class NoBackFill(ValueError):  # what cannot be had
    """It cannot be asked for; the text says why."""


def ask(member: Member, mailbox: Mailbox, days: int) -> BackFill:
    """Ask for the mail of the last `days` days; an earlier wish is replaced. Raises NoBackFill."""
    member.require(Role.MEMBER)
    if not 1 <= days <= MOST_DAYS:
        raise NoBackFill(f"Between 1 and {MOST_DAYS} days can be read.")
    now = clock.now()
    wish = {
        "days": days, "since": now - timedelta(days=days), "asked_by": member.user, "asked_at": now,
        "looked_at": 0, "taken_in": 0, "left": None, "finished_at": None,
    }  # fmt: skip
    with transaction.atomic():
        row, _ = BackFill.objects.update_or_create(mailbox=mailbox, defaults=wish)
        MailFolder.objects.filter(mailbox=mailbox).update(fill_uid=0, fill_end=None)
        MailboxSync.objects.filter(pk=mailbox.pk).update(next_at=Now())
    return row


def fill(mailbox: Mailbox, reader: Reader, folders: Sequence[Folder], *, most: int) -> bool:
    """Take in the next mails of a back-fill; say whether more of them are left. Raises ImapError."""
    wish = BackFill.objects.filter(mailbox=mailbox, finished_at=None).first()
    if wish is None:
        return False
    left, seen = 0, Seen()
    for folder in folders:
        found = _uids(mailbox, reader, folder, wish)
        uids = list(islice(found, most - seen.mails))
        left += len(uids) + sum(1 for _ in found)
        seen += _take(mailbox, reader, folder, uids, wish)
    of_this = BackFill.objects.filter(pk=wish.pk, asked_at=wish.asked_at)
    left -= seen.mails
    over = {} if left else {"finished_at": Now()}
    of_this.update(left=left, looked_at=F("looked_at") + seen.mails, taken_in=F("taken_in") + seen.new, **over)
    return left > 0


def _uids(mailbox: Mailbox, reader: Reader, folder: Folder, wish: BackFill) -> Iterator[int]:
    """Yield the UIDs that are left in a folder, up to where it ended when the back-fill came to it."""
    state = reader.state(folder)
    marks = MailFolder.objects.filter(mailbox=mailbox, name=folder.name, uid_validity=state.uidvalidity)
    marks.filter(fill_end=None).update(fill_uid=0, fill_end=max(0, state.uidnext - 1))
    mark = marks.first()
    if mark is None or mark.fill_end is None or mark.fill_uid >= mark.fill_end:
        return
    for uids in reader.uids_behind(folder, mark.fill_uid, up_to=mark.fill_end, since=wish.since):
        yield from uids


def _take(mailbox: Mailbox, reader: Reader, folder: Folder, uids: Sequence[int], wish: BackFill) -> Seen:
    if not uids:
        return Seen()
    validity = reader.state(folder).uidvalidity
    marks = MailFolder.objects.filter(mailbox=mailbox, name=folder.name, uid_validity=validity)
    new = 0
    for raw in reader.fetch(folder, uids, max_bytes=MAX_BYTES, since=wish.since):
        # What comes in this very moment is no old mail, even where this finds it first.
        is_old = raw.internaldate is None or raw.internaldate < wish.asked_at
        place = Place(folder.name, validity, raw.uid, is_back_fill=is_old)
        new += take(mailbox, raw, place)
        marks.filter(fill_uid__lt=raw.uid).update(fill_uid=raw.uid)
    # Those that are gone, or older by some hours, are done with, too.
    marks.filter(fill_uid__lt=uids[-1]).update(fill_uid=uids[-1])
    return Seen(len(uids), new)
