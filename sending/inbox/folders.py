"""Read the folders of a mailbox over IMAP: each from its place mark, with the mark moved behind each mail.

RFC 3501 section 2.3.1.1: UIDs only grow while UIDVALIDITY stays. Where they do not (another UIDVALIDITY, or a server
that was put back to an older copy and gives numbers anew), all of them are void: the folder is read again by date, from
two days before it was last read to its end, and what is known is recognised by content.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from outreach.kit import clock
from sending.imap import Folder, FolderState, ImapError, RawMail, Reader
from sending.inbox.aside import ENDED, MOST_TRIES, WITHHELD, Place, note_failed, take
from sending.inbox.models import MailFolder, SetAside
from sending.inbox.seen import Seen
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage

MAX_BYTES = 25 * 1024 * 1024
# Of each kind so many are read: a server could have thousands.
_MOST_JUNK = 3
_READ_ROLES = ("inbox", "junk")
# What lay in a mailbox before it was connected is none of our business; servers differ in their clocks.
_BEFORE = timedelta(days=1)
_OVERLAP = timedelta(days=2)
_LOOK_BACK_EVERY = timedelta(days=1)


def readable(reader: Reader) -> list[Folder]:
    """Return the folders in which answers may lie, the inbox first."""
    found = [folder for folder in reader.folders() if folder.role in _READ_ROLES]
    return found[: 1 + _MOST_JUNK]


def beginning_of(mailbox: Mailbox) -> datetime:
    """Return from when on mails concern us."""
    return mailbox.created_at - _BEFORE


def read_folder(mailbox: Mailbox, reader: Reader, folder: Folder, *, most: int) -> Seen:
    """Take in what is new in a folder, at most so many mails. Raises ImapError."""
    state = reader.state(folder)
    mark = _mark_of(mailbox, folder, state)
    # Fenced: whoever reads by numbers that are void by now moves nothing.
    marks = MailFolder.objects.filter(pk=mark.pk, uid_validity=mark.uid_validity)
    seen = Seen()
    if is_look_back := _is_to_look_back(mark):
        marks.update(looked_back_at=Now())
    if is_look_back or state.uidnext > mark.last_uid + 1:
        seen = _take_behind(mailbox, reader, folder, mark, marks, most=most, looks_back=is_look_back)
    if seen.mails < most:
        marks.update(synced_at=Now(), tries=0)
    return seen


def fetch_again(mailbox: Mailbox, reader: Reader, row: SetAside) -> RawMail | None:
    """Ask for a mail that the server has withheld; None when it is gone, or will be met under another number."""
    mark = MailFolder.objects.filter(mailbox=mailbox, name=row.folder, uid_validity=row.uid_validity).first()
    folder = next((one for one in readable(reader) if one.name == row.folder), None)
    if mark is None or folder is None or reader.state(folder).uidvalidity != row.uid_validity:
        return None
    return next(reader.fetch(folder, [row.uid], max_bytes=MAX_BYTES), None)


def _take_behind(  # noqa: PLR0913  # a folder, its mark, and how much of it
    mailbox: Mailbox,
    reader: Reader,
    folder: Folder,
    mark: MailFolder,
    marks: QuerySet[MailFolder],
    *,
    most: int,
    looks_back: bool,
) -> Seen:
    since = max(mark.since or beginning_of(mailbox), beginning_of(mailbox))
    last_uid, is_suspect = mark.last_uid, mark.tries >= MOST_TRIES
    if looks_back:
        last_uid, since, is_suspect = 0, max(since, clock.now() - _OVERLAP), False
    seen = Seen()
    with counted(marks):
        while seen.mails < most:
            place = Place(folder.name, mark.uid_validity, last_uid)
            try:
                bounds = {"limit": most - seen.mails, "max_bytes": MAX_BYTES}
                for raw in reader.fetch_since(folder, last_uid, since=since, **bounds):
                    place = Place(folder.name, mark.uid_validity, raw.uid)
                    if is_suspect:
                        is_suspect = False
                        note_failed(mailbox, place, raw, ENDED, tries=0)
                        seen += Seen(1)
                    else:
                        seen += Seen(1, take(mailbox, raw, place))
                    _move(marks, raw.uid)
            except ImapError as error:
                if not _is_set_aside(mailbox, place, error):
                    raise
                # Its third refusal: what lies behind it must be read.
                last_uid = error.uid
                _move(marks, last_uid)
                if error.cause != "refused":
                    raise  # the connection is of no use any more; the next reading goes on behind it
            else:
                break
    return seen


def _is_set_aside(mailbox: Mailbox, place: Place, error: ImapError) -> bool:
    """Count a mail that the server gives no sane answer about; a lost connection is nobody's fault."""
    if not error.uid or error.cause not in {"refused", "too_much", "garbage"}:
        return False
    where = Place(place.folder, place.uid_validity, error.uid)
    return note_failed(mailbox, where, None, WITHHELD.format(words=error))


def _move(marks: QuerySet[MailFolder], uid: int) -> None:
    """Move the place mark behind a mail: the next one is on its first try."""
    marks.filter(last_uid__lt=uid).update(last_uid=uid, tries=1)


@contextlib.contextmanager
def counted(marks: QuerySet[MailFolder]) -> Iterator[None]:
    """Count that a reading begins here. What ends it otherwise than by ending the process takes that back."""
    marks.update(tries=F("tries") + 1)
    try:
        yield
    except Exception:
        with contextlib.suppress(DatabaseError):
            marks.update(tries=0)
        raise


def _mark_of(mailbox: Mailbox, folder: Folder, state: FolderState) -> MailFolder:
    mark = MailFolder.objects.filter(mailbox=mailbox, name=folder.name).first()
    if mark is None:
        # Nothing sent, so nothing can have come back yet: it starts at its end. Else an answer may lie in it.
        has_sent = OutboundMessage.objects.filter(mailbox=mailbox, dot_at__isnull=False).exists()
        begin = {
            "uid_validity": state.uidvalidity,
            "last_uid": 0 if has_sent else max(0, state.uidnext - 1),
            "looked_back_at": Now(),
        }
        MailFolder.objects.get_or_create(mailbox=mailbox, name=folder.name, defaults=begin)
        return MailFolder.objects.get(mailbox=mailbox, name=folder.name)
    if mark.uid_validity != state.uidvalidity or state.uidnext <= mark.last_uid:
        mark.uid_validity, mark.last_uid, mark.tries = state.uidvalidity, 0, 0
        mark.since = mark.synced_at - _OVERLAP if mark.synced_at else mark.since
        anew = {"uid_validity": mark.uid_validity, "last_uid": 0, "tries": 0, "since": mark.since, "fill_end": None}
        MailFolder.objects.filter(pk=mark.pk).update(**anew)
    return mark


def _is_to_look_back(mark: MailFolder) -> bool:
    """Say whether to go through the last days once more: some servers show a lower number after a higher one."""
    is_read = mark.synced_at is not None and mark.tries == 0
    return is_read and (mark.looked_back_at is None or clock.now() - mark.looked_back_at > _LOOK_BACK_EVERY)
