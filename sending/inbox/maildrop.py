"""Read a mailbox over POP3: what is not known by its unique id, each mail once; nothing is deleted there.

A maildrop has one list and no place in it: what has been read is known by id, mail by mail. What lies there when the
mailbox is first read is remembered and not taken in, as over IMAP, unless something was sent before: then an answer may
be among it.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from outreach.kit import clock
from sending.imap import ImapError, Item, Maildrop, RawMail
from sending.inbox.aside import ENDED, MOST_TRIES, WITHHELD, Place, note_failed, take, try_again
from sending.inbox.filling_drops import fill_from_drop
from sending.inbox.folders import beginning_of, counted
from sending.inbox.models import DropItem, MailFolder, SetAside
from sending.inbox.seen import Reading, Seen
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage

# Beside the folders of IMAP: a name that none of them has, as no name there may hold it.
MARK = "\tPOP3"
# So many mails may be refused in one reading before the server is believed to refuse all.
_MOST_REFUSED = 20


def read_maildrop(mailbox: Mailbox, drop: Maildrop, *, most: int, max_bytes: int) -> Reading:
    """Take in what is new, at most so many mails.

    Raises ImapError, also for a mail that the server would not give: then after the others. One that it refuses for
    the third time is set aside.
    """
    began, items = clock.now(), drop.items()
    tries = _begin(mailbox, items)
    known = set(DropItem.objects.filter(mailbox=mailbox).values_list("uidl", flat=True))
    _forget(mailbox, known, items)
    unread = [item for item in items if item.uidl not in known]
    marks = MailFolder.objects.filter(mailbox=mailbox, name=MARK)
    seen = Seen()
    if unread:
        with counted(marks):
            seen = _take_all(mailbox, drop, unread[:most], is_suspect=tries >= MOST_TRIES, max_bytes=max_bytes)
        if drop.is_spent or len(unread) > most:
            return Reading.of(seen)
    fetch = partial(_fetch_again, drop, {item.uidl: item for item in items}, max_bytes)
    again = try_again(mailbox, fetch, before=began)
    marks.update(synced_at=Now(), tries=0)
    is_complete = not drop.is_spent
    fills = is_complete and fill_from_drop(mailbox, drop, items, marks, most=most - seen.mails, max_bytes=max_bytes)
    return Reading.of(seen + Seen(again, again), is_complete=is_complete, fills=fills)


def _take_all(mailbox: Mailbox, drop: Maildrop, unread: Collection[Item], *, is_suspect: bool, max_bytes: int) -> Seen:
    seen = Seen()
    refusals: list[ImapError] = []
    for item in unread:
        place = Place(MARK, uidl=item.uidl)
        try:
            raw = drop.fetch(item, max_bytes=max_bytes)
        except ImapError as error:
            refusals.append(error)
            if error.cause != "refused" or len(refusals) > _MOST_REFUSED:
                raise
            if note_failed(mailbox, place, None, WITHHELD.format(words=error)):
                refusals.pop()
                _remember(mailbox, [item])
            continue
        if is_suspect:
            is_suspect = False
            note_failed(mailbox, place, raw, ENDED, tries=0)
            seen += Seen(1)
        elif raw.internaldate is not None and raw.internaldate < beginning_of(mailbox):
            seen += Seen(1)
        else:
            seen += Seen(1, take(mailbox, raw, place))
        _remember(mailbox, [item])
        MailFolder.objects.filter(mailbox=mailbox, name=MARK).update(tries=1)
        if drop.is_spent:
            return seen
    if refusals:
        raise refusals[0]
    return seen


def _fetch_again(drop: Maildrop, items: dict[str, Item], max_bytes: int, row: SetAside) -> RawMail | None:
    item = items.get(row.uidl)
    return drop.fetch(item, max_bytes=max_bytes) if item else None


def _begin(mailbox: Mailbox, items: Collection[Item]) -> int:
    """Remember what lies there before the first reading, together with the mark that says so.

    Returns how many readings have begun since the last mail and did not come to an end.
    """
    with transaction.atomic():
        mark, is_first = MailFolder.objects.get_or_create(mailbox=mailbox, name=MARK)
        if is_first and not OutboundMessage.objects.filter(mailbox=mailbox, dot_at__isnull=False).exists():
            _remember(mailbox, items)
    return mark.tries


def _remember(mailbox: Mailbox, items: Collection[Item]) -> None:
    rows = [DropItem(mailbox=mailbox, uidl=uidl) for uidl in {item.uidl for item in items}]
    DropItem.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def _forget(mailbox: Mailbox, known: Collection[str], items: Collection[Item]) -> None:
    """Forget what lies there no more. Of an empty list nothing is believed: some servers show one while they repair."""
    gone = set(known) - {item.uidl for item in items} if items else set()
    if gone:
        DropItem.objects.filter(mailbox=mailbox, uidl__in=gone).delete()
