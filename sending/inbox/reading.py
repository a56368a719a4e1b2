"""Read one mailbox: its folders from where we left off, each mail once, the place mark moved behind it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from outreach.kit import clock
from outreach.kit.away import is_away
from sending.imap import (
    Folder,
    FolderState,
    ImapError,
    Protocol,
    RawMail,
    Reader,
    SignInRefused,
    open_mailbox,
    open_maildrop,
)
from sending.inbox.copies import look_for_copies
from sending.inbox.maildrop import read_maildrop
from sending.inbox.models import MailboxSync, MailFolder
from sending.inbox.services import keep, take_in
from sending.mailboxes.connections import reading_account
from sending.mailboxes.models import Mailbox
from sending.mailboxes.services import note_synced, refuse_sign_in
from sending.mailboxes.states import MailboxState
from sending.outbox.models import OutboundMessage
from sending.pacing import Pace

log = logging.getLogger(__name__)

# One reading takes in at most so many mails; the next goes on behind them.
MOST_MAILS = 500
MAX_BYTES = 25 * 1024 * 1024
LEASE_S = 300
# Between two readings: often while answers may come, and never so often that a provider objects.
INTERVALS = {Protocol.IMAP: timedelta(minutes=2), Protocol.POP3: timedelta(minutes=5)}
INTERVAL_FLOOR = timedelta(seconds=4)
# What lay in a mailbox before it was connected is none of our business; servers differ in their clocks.
_BEFORE = timedelta(days=1)
_READ_ROLES = ("inbox", "junk")

_LEASE_DUE = """
UPDATE inbox_sync s SET lease_until = now() + make_interval(secs => %s)
 WHERE s.mailbox_id = ANY(ARRAY(
    SELECT s.mailbox_id FROM inbox_sync s JOIN mailboxes_mailbox m ON m.id = s.mailbox_id
     WHERE s.next_at <= now() AND (s.lease_until IS NULL OR s.lease_until < now()) AND m.state = ANY(%s)
     ORDER BY s.next_at LIMIT %s FOR UPDATE OF s SKIP LOCKED))
RETURNING s.mailbox_id
"""
# Also a mailbox that sends nothing at the moment gets replies.
_READABLE = [MailboxState.ACTIVE, MailboxState.PAUSED, MailboxState.BLOCKED]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading brought. is_complete: every folder was read to its end."""

    taken_in: int = 0
    known: int = 0
    problem: str = ""
    is_complete: bool = False


def lease_due(*, most: int) -> list[int]:
    """Lease mailboxes whose reading is due. Rows for new mailboxes are made on the way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox_sync (mailbox_id, failures, problem) SELECT m.id, 0, '' FROM mailboxes_mailbox m"
            " WHERE m.state = 'active' AND NOT EXISTS (SELECT 1 FROM inbox_sync s WHERE s.mailbox_id = m.id)"
            " ON CONFLICT DO NOTHING"
        )
        cursor.execute(_LEASE_DUE, [LEASE_S, _READABLE, most])
        return [pk for (pk,) in cursor.fetchall()]


def read(mailbox_id: int) -> Reading:
    """Read a leased mailbox to its end, or up to MOST_MAILS mails."""
    mailbox = Mailbox.objects.select_related("workspace", "credential").get(pk=mailbox_id)
    started_at = clock.now()
    try:
        reading = _read_over_its_protocol(mailbox)
    except SignInRefused as error:
        refuse_sign_in(mailbox_id, str(error))
        reading = Reading(problem=str(error))
    except ImapError as error:
        reading = Reading(problem=str(error))
    except Exception:
        # A worker's outermost loop: the next reading goes on where this one ended, and the page says that it waits.
        log.exception("inbox.reading_broke mailbox=%s", mailbox_id)
        connection.close_if_unusable_or_obsolete()
        reading = Reading(problem="The reading was broken off by a fault on our side. It will be tried again.")
    if reading.is_complete:
        note_synced(mailbox_id, started_at)
    _plan_next(mailbox, reading)
    return reading


def _read_over_its_protocol(mailbox: Mailbox) -> Reading:
    account = reading_account(mailbox.credential)
    if account.protocol is Protocol.POP3:
        with open_maildrop(account) as drop:
            seen, new, is_complete = read_maildrop(mailbox, drop, _take, most=MOST_MAILS, max_bytes=MAX_BYTES)
            look_for_copies(mailbox, None)
            return Reading(new, seen - new, is_complete=is_complete)
    with open_mailbox(account) as reader:
        reading = _read_folders(mailbox, reader)
        look_for_copies(mailbox, reader)
        return reading


def _read_folders(mailbox: Mailbox, reader: Reader) -> Reading:
    taken, known, left = 0, 0, MOST_MAILS
    for folder in reader.folders():
        if folder.role not in _READ_ROLES:
            continue
        seen, new = _read_folder(mailbox, reader, folder, most=left)
        taken, known, left = taken + new, known + seen - new, left - seen
        if left <= 0:
            return Reading(taken, known)
    return Reading(taken, known, is_complete=True)


def _read_folder(mailbox: Mailbox, reader: Reader, folder: Folder, *, most: int) -> tuple[int, int]:
    state = reader.state(folder)
    mark = _mark_of(mailbox, folder, state)
    # Fenced: whoever reads by numbers that are void by now moves nothing.
    marks = MailFolder.objects.filter(pk=mark.pk, uid_validity=mark.uid_validity)
    seen = new = 0
    if state.uidnext > mark.last_uid + 1:
        for raw in reader.fetch_since(folder, mark.last_uid, limit=most, max_bytes=MAX_BYTES):
            seen += 1
            new += _take(mailbox, raw)
            marks.filter(last_uid__lt=raw.uid).update(last_uid=raw.uid)
    marks.update(synced_at=Now())
    return seen, new


def _mark_of(mailbox: Mailbox, folder: Folder, state: FolderState) -> MailFolder:
    mark = MailFolder.objects.filter(mailbox=mailbox, name=folder.name).first()
    if mark is None:
        # Nothing sent, so nothing can have come back yet: it starts at its end. Else an answer may lie in it.
        has_sent = OutboundMessage.objects.filter(mailbox=mailbox, dot_at__isnull=False).exists()
        begin = {"uid_validity": state.uidvalidity, "last_uid": 0 if has_sent else max(0, state.uidnext - 1)}
        return MailFolder.objects.get_or_create(mailbox=mailbox, name=folder.name, defaults=begin)[0]
    if mark.uid_validity != state.uidvalidity:
        # RFC 3501 section 2.3.1.1: all UIDs are void. Read the folder anew; what is known is recognised by content.
        mark.uid_validity, mark.last_uid = state.uidvalidity, 0
        MailFolder.objects.filter(pk=mark.pk).update(uid_validity=mark.uid_validity, last_uid=0)
    return mark


def _take(mailbox: Mailbox, raw: RawMail) -> bool:
    """Take one mail in; True when it is new. A mail that breaks us is kept as it is: those behind it must be read."""
    if raw.internaldate is not None and raw.internaldate < mailbox.created_at - _BEFORE:
        return False
    try:
        return take_in(mailbox, raw) is not None
    except Exception as error:
        if is_away(error):
            raise  # it is the database, not the mail
        log.exception("inbox.not_taken_in mailbox=%s uid=%s", mailbox.pk, raw.uid)
        return keep(mailbox, raw, why=type(error).__name__) is not None


def _plan_next(mailbox: Mailbox, reading: Reading) -> None:
    pace = Pace(mailbox.workspace.time_scale)
    wait = pace.shrink(INTERVALS[Protocol(mailbox.reading)], floor=INTERVAL_FLOOR)
    rows = MailboxSync.objects.filter(pk=mailbox.pk)
    if reading.problem:
        failures = rows.values_list("failures", flat=True).get()
        wait = min(wait * 2 ** min(failures, 8), timedelta(hours=1))
        rows.update(next_at=Now() + wait, lease_until=None, failures=F("failures") + 1, problem=reading.problem[:500])
        log.warning("inbox.reading_failed mailbox=%s problem=%s", mailbox.pk, reading.problem)
    elif reading.is_complete:
        rows.update(next_at=Now() + wait, lease_until=None, failures=0, problem="", synced_at=Now())
    else:  # more is waiting: it is read on at once
        rows.update(next_at=Now(), lease_until=None, failures=0, problem="")
