"""Read one mailbox: its folders from where we left off, each mail once, the place mark moved behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Max
from django.db.models.functions import Now

from outreach.kit import clock
from sending.imap import ImapError, Protocol, Reader, SignInRefused, open_mailbox, open_maildrop
from sending.inbox.aside import try_again, waits
from sending.inbox.copies import look_for_copies
from sending.inbox.filling import fill
from sending.inbox.folders import MAX_BYTES, fetch_again, read_folder, readable
from sending.inbox.maildrop import read_maildrop
from sending.inbox.models import MailboxSync
from sending.inbox.rhythm import FLOOR, LISTENED, POP3_USUAL, SOON, backoff, next_wait
from sending.inbox.seen import Reading, Seen
from sending.inbox.threads.returning import put_back_answers
from sending.mailboxes.connections import reading_account
from sending.mailboxes.hearing import READABLE
from sending.mailboxes.models import Mailbox, Spending
from sending.mailboxes.services import note_synced, refuse_sign_in
from sending.pacing import Pace

log = logging.getLogger(__name__)

# One reading takes in at most so many mails; the next goes on behind them.
MOST_MAILS = 500
LEASE_S = 300
# Gmail bears 15 connections of an account, Dovecot 10, others fewer; people's own programs need some of them.
MOST_OF_AN_ACCOUNT = 3

# Several mailboxes may be aliases of one account, and accounts bear few connections: of each, those that are due the
# longest, up to what is free. Counted once for all that are due, as a question for each of them would cost its square.
_LEASE_DUE = """
WITH due AS MATERIALIZED (
  SELECT s.mailbox_id, s.next_at, m.imap_host, m.imap_username,
         row_number() OVER (PARTITION BY m.imap_host, m.imap_username ORDER BY s.next_at, m.id) AS number
    FROM inbox_sync s JOIN mailboxes_mailbox m ON m.id = s.mailbox_id
   WHERE s.next_at <= now() AND (s.lease_until IS NULL OR s.lease_until < now()) AND m.state = ANY(%(readable)s)
), busy AS MATERIALIZED (
  SELECT m.imap_host, m.imap_username, count(*) AS connections
    FROM inbox_sync t JOIN mailboxes_mailbox m ON m.id = t.mailbox_id
   WHERE t.lease_until > now() AND EXISTS (SELECT 1 FROM due) GROUP BY 1, 2
), free AS MATERIALIZED (
  SELECT d.mailbox_id FROM due d LEFT JOIN busy b USING (imap_host, imap_username)
   WHERE d.number + coalesce(b.connections, 0) <= %(connections)s ORDER BY d.next_at LIMIT %(most)s
)
UPDATE inbox_sync s SET lease_until = now() + make_interval(secs => %(lease)s), listener = NULL, listened_since = NULL
 WHERE s.mailbox_id = ANY(ARRAY(
    SELECT s.mailbox_id FROM inbox_sync s JOIN free f ON f.mailbox_id = s.mailbox_id
     WHERE s.next_at <= now() AND (s.lease_until IS NULL OR s.lease_until < now())  -- asked again under the lock
     ORDER BY s.next_at FOR UPDATE OF s SKIP LOCKED))
RETURNING s.mailbox_id
"""
# What was sent after a reading was planned brings it forward; so does whoever has mended the mailbox meanwhile.
_HASTEN = """
UPDATE inbox_sync s
   SET next_at = CASE WHEN m.state_changed_at > s.planned_at THEN now() ELSE due.at END
  FROM mailboxes_mailbox m
  JOIN accounts_workspace w ON w.id = m.workspace_id
 CROSS JOIN LATERAL (SELECT make_interval(secs => greatest(%(soon)s / w.time_scale, %(floor)s)) AS soon,
                            make_interval(secs => greatest(%(pop3)s / w.time_scale, %(floor)s)) AS pop3) wait
 CROSS JOIN LATERAL (SELECT CASE m.reading WHEN 'pop3' THEN s2.planned_at + wait.pop3 ELSE now() + wait.soon END AS at
                       FROM inbox_sync s2 WHERE s2.mailbox_id = m.id) due
 WHERE m.id = s.mailbox_id AND s.lease_until IS NULL AND s.next_at > now() AND m.state = ANY(%(readable)s)
   AND (m.state_changed_at > s.planned_at
        OR s.failures = 0 AND s.next_at > due.at AND EXISTS (
           SELECT 1 FROM mailboxes_spending p WHERE p.mailbox_id = s.mailbox_id AND p.spent_at > s.planned_at))
"""
_READABLE = list(READABLE)


def lease_due(*, most: int) -> list[int]:
    """Lease mailboxes whose reading is due. Rows for new mailboxes are made on the way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox_sync (mailbox_id, failures, problem) SELECT m.id, 0, '' FROM mailboxes_mailbox m"
            " WHERE m.state = 'active' AND NOT EXISTS (SELECT 1 FROM inbox_sync s WHERE s.mailbox_id = m.id)"
            " ON CONFLICT DO NOTHING"
        )
        bounds: dict[str, Any] = {
            "lease": LEASE_S,
            "readable": _READABLE,
            "connections": MOST_OF_AN_ACCOUNT,
            "most": most,
        }
        cursor.execute(_LEASE_DUE, bounds)
        return [pk for (pk,) in cursor.fetchall()]


def hasten() -> None:
    """Bring readings forward: where something has left since they were planned, an answer may come within seconds."""
    bounds = {"soon": SOON.total_seconds(), "floor": FLOOR.total_seconds(), "pop3": POP3_USUAL.total_seconds()}
    with connection.cursor() as cursor:
        cursor.execute(_HASTEN, {**bounds, "readable": _READABLE})


def read_soon(mailbox_id: int) -> None:
    """Let a mailbox be read by the next worker that is free, because a person waits for it."""
    MailboxSync.objects.filter(pk=mailbox_id).update(next_at=Now())


def read(mailbox_id: int) -> Reading:
    """Read a leased mailbox to its end, or up to MOST_MAILS mails."""
    return _read(mailbox_id, _read_over_its_protocol, listener=None)


def read_on(mailbox_id: int, connect: Callable[[Mailbox], Reader], *, listener: UUID) -> Reading:
    """Read a mailbox as `read` does, over a connection that its listener keeps; the lease stays the listener's."""
    return _read(mailbox_id, lambda mailbox: _read_open(mailbox, connect(mailbox)), listener=listener)


def _read(mailbox_id: int, over: Callable[[Mailbox], Reading], *, listener: UUID | None) -> Reading:
    mailbox = Mailbox.objects.select_related("workspace", "credential").get(pk=mailbox_id)
    started_at = clock.now()
    try:
        reading = over(mailbox)
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
    if reading.is_complete and not waits(mailbox_id):
        note_synced(mailbox_id, started_at)
    _plan_next(mailbox, reading, listener)
    return reading


def _read_over_its_protocol(mailbox: Mailbox) -> Reading:
    account = reading_account(mailbox.credential)
    if account.protocol is Protocol.POP3:
        with open_maildrop(account) as drop:
            reading = read_maildrop(mailbox, drop, most=MOST_MAILS, max_bytes=MAX_BYTES)
            look_for_copies(mailbox, None)
            put_back_answers(mailbox, None)
            return reading
    with open_mailbox(account) as reader:
        return _read_open(mailbox, reader)


def _read_open(mailbox: Mailbox, reader: Reader) -> Reading:
    reading = _read_folders(mailbox, reader)
    look_for_copies(mailbox, reader)
    put_back_answers(mailbox, reader)
    return reading


def _read_folders(mailbox: Mailbox, reader: Reader) -> Reading:
    began, seen, folders = clock.now(), Seen(), readable(reader)
    for folder in folders:
        seen += read_folder(mailbox, reader, folder, most=MOST_MAILS - seen.mails)
        if seen.mails >= MOST_MAILS:
            return Reading.of(seen)
    again = try_again(mailbox, partial(fetch_again, mailbox, reader), before=began)
    fills = fill(mailbox, reader, folders, most=MOST_MAILS - seen.mails)
    return Reading.of(seen + Seen(again, again), is_complete=True, fills=fills)


def _plan_next(mailbox: Mailbox, reading: Reading, listener: UUID | None) -> None:
    pace, protocol = Pace(mailbox.workspace.time_scale), Protocol(mailbox.reading)
    rows = MailboxSync.objects.filter(pk=mailbox.pk)
    if reading.problem:
        wait = backoff(protocol, rows.values_list("failures", flat=True).get(), pace=pace)
        how = {"failures": F("failures") + 1, "problem": reading.problem[:500]}
        log.warning("inbox.reading_failed mailbox=%s problem=%s", mailbox.pk, reading.problem)
    elif reading.is_complete:
        wait = timedelta(0) if reading.fills else _usual_wait(mailbox, is_listened_to=listener is not None)
        how = {"failures": 0, "problem": "", "synced_at": Now()}
    else:  # more is waiting: it is read on at once
        wait = timedelta(0)
        how = {"failures": 0, "problem": ""}
    rows.update(next_at=Now() + wait, planned_at=Now(), **how)
    if listener is None:
        rows.filter(listener=None).update(lease_until=None)  # one that came after this lease had run out keeps its own


def _usual_wait(mailbox: Mailbox, *, is_listened_to: bool) -> timedelta:
    pace = Pace(mailbox.workspace.time_scale)
    if is_listened_to:
        return pace.shrink(LISTENED, floor=FLOOR)
    return next_wait(Protocol(mailbox.reading), since_sent(mailbox.pk), pace=pace)


def since_sent(mailbox_id: int) -> timedelta | None:
    """Return how long ago the mailbox has sent the last time; None when that is out of the books."""
    last = Spending.objects.filter(mailbox=mailbox_id).aggregate(last=Max("spent_at"))["last"]
    return clock.now() - last if last else None
