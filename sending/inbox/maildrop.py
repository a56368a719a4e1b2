"""Read a mailbox over POP3: what is not known by its unique id, each mail once; nothing is deleted there.

A maildrop has one list and no place in it: what has been read is known by id, mail by mail. What lies there when the
mailbox is first read is remembered and not taken in, as over IMAP, unless something was sent before: then an answer may
be among it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db import transaction
from django.db.models.functions import Now

from sending.imap import ImapError, Item, Maildrop, RawMail
from sending.inbox.models import DropItem, MailFolder
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage

# Beside the folders of IMAP: a name that none of them has, as no name there may hold it.
MARK = "\tPOP3"
# So many mails may be refused in one reading before the server is believed to refuse all.
_MOST_REFUSED = 20


def read_maildrop(
    mailbox: Mailbox, drop: Maildrop, take: Callable[[Mailbox, RawMail], bool], *, most: int, max_bytes: int
) -> tuple[int, int, bool]:
    """Take in what is new; return how many mails were read, how many of them were new, and whether that was all.

    take: takes in one mail, True when it is new. Raises ImapError, also for a mail that the server would not give:
    then after the others.
    """
    items = drop.items()
    _begin(mailbox, items)
    known = set(DropItem.objects.filter(mailbox=mailbox).values_list("uidl", flat=True))
    _forget(mailbox, known, items)
    unread = [item for item in items if item.uidl not in known]
    seen = new = 0
    refusals: list[ImapError] = []
    for item in unread[:most]:
        try:
            raw = drop.fetch(item, max_bytes=max_bytes)
        except ImapError as error:
            refusals.append(error)
            if error.cause != "refused" or len(refusals) > _MOST_REFUSED:
                raise
            continue
        new += take(mailbox, raw)
        seen += 1
        _remember(mailbox, [item])
        if drop.is_spent:
            return seen, new, False
    if refusals:
        raise refusals[0]
    MailFolder.objects.filter(mailbox=mailbox, name=MARK).update(synced_at=Now())
    return seen, new, len(unread) <= most


def _begin(mailbox: Mailbox, items: Collection[Item]) -> None:
    """Remember what lies there before the first reading, together with the mark that says so."""
    with transaction.atomic():
        _, is_first = MailFolder.objects.get_or_create(mailbox=mailbox, name=MARK)
        if is_first and not OutboundMessage.objects.filter(mailbox=mailbox, dot_at__isnull=False).exists():
            _remember(mailbox, items)


def _remember(mailbox: Mailbox, items: Collection[Item]) -> None:
    rows = [DropItem(mailbox=mailbox, uidl=uidl) for uidl in {item.uidl for item in items}]
    DropItem.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def _forget(mailbox: Mailbox, known: Collection[str], items: Collection[Item]) -> None:
    """Forget what lies there no more. Of an empty list nothing is believed: some servers show one while they repair."""
    gone = set(known) - {item.uidl for item in items} if items else set()
    if gone:
        DropItem.objects.filter(mailbox=mailbox, uidl__in=gone).delete()
