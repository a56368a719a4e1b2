"""Back-fill over POP3: from the newest mail back to the days that were asked for, in pieces.

A maildrop has neither dates nor a search. Its mails are fetched from the end of the list, where servers put what came
last, until so many in a row came before those days; when each came is told by its server's own Received header.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from sending.imap import ImapError, Item, Maildrop
from sending.inbox.aside import Place, take
from sending.inbox.models import BackFill, MailFolder
from sending.inbox.seen import Seen
from sending.mailboxes.models import Mailbox

OLDER_IN_A_ROW = 20  # servers do not sort by date, and an old mail may have been moved in later
MOST_OF_A_DROP = 2_000


def fill_from_drop(  # noqa: PLR0913  # a maildrop with its place marks, and how much of it
    mailbox: Mailbox, drop: Maildrop, items: Sequence[Item], marks: QuerySet[MailFolder], *, most: int, max_bytes: int
) -> bool:
    """Take in the next mails of a back-fill, at most so many; say whether more of them are left. Raises ImapError.

    marks: the row of the maildrop, whose fill_end is the place in the list to go on at, and fill_uid how many before it
    were too old in a row. Who deletes mails meanwhile lets some be looked at twice, and none be left out.
    """
    wish = BackFill.objects.filter(mailbox=mailbox, finished_at=None).first()
    if wish is None:
        return False
    listed = sorted(items, key=lambda item: item.number)
    marks.filter(fill_end=None).update(fill_uid=0, fill_end=len(listed))
    mark = marks.get()
    at, older, seen = min(mark.fill_end or 0, len(listed)), mark.fill_uid, Seen()
    most = min(most, MOST_OF_A_DROP - wish.looked_at)
    while at > 0 and older < OLDER_IN_A_ROW and seen.mails < most and not drop.is_spent:
        at -= 1
        taken, is_older = _take(mailbox, drop, listed[at], wish, folder=mark.name, max_bytes=max_bytes)
        older = older + 1 if is_older else 0
        seen += Seen(1, taken)
        marks.update(fill_end=at, fill_uid=older)
    is_over = at == 0 or older >= OLDER_IN_A_ROW or wish.looked_at + seen.mails >= MOST_OF_A_DROP
    over = (
        {"finished_at": Now(), "left": 0}
        if is_over
        else {"left": min(at, MOST_OF_A_DROP - wish.looked_at - seen.mails)}
    )
    of_this = BackFill.objects.filter(pk=wish.pk, asked_at=wish.asked_at)
    of_this.update(looked_at=F("looked_at") + seen.mails, taken_in=F("taken_in") + seen.new, **over)
    return not is_over


def _take(  # noqa: PLR0913  # a mail, where it lies, and for whom
    mailbox: Mailbox, drop: Maildrop, item: Item, wish: BackFill, *, folder: str, max_bytes: int
) -> tuple[bool, bool]:
    """Return whether a mail is new here, and whether it is older than was asked for. One that is refused is left."""
    try:
        raw = drop.fetch(item, max_bytes=max_bytes)
    except ImapError as error:
        if error.cause != "refused":
            raise
        return False, False
    if raw.internaldate is not None and raw.internaldate < wish.since:
        return False, True
    # What comes in this very moment is no old mail, even where this finds it first.
    is_old = raw.internaldate is None or raw.internaldate < wish.asked_at
    return take(mailbox, raw, Place(folder, uidl=item.uidl, is_back_fill=is_old)), False
