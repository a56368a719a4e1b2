"""Look into the Sent folder for messages in doubt: a copy proves that one left, its absence proves nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from sending.imap import Folder, ImapError, Reader
from sending.inbox.models import SentSearch
from sending.inbox.states import Seen
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox
from sending.outbox.services import confirm_sent
from sending.pacing import Pace

log = logging.getLogger(__name__)

# One reading looks for at most so many messages, over the connection that it has anyway.
MOST_MESSAGES = 50
MOST_FOLDERS = 3
# So many are asked for at once: a command of less than two kilobytes, which every server takes.
_AT_ONCE = 12
# Providers file the copy within seconds or minutes. A copy that a person's other program brings may come days later.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    *[timedelta(hours=24)] * 6,
)
_WAIT_FLOOR = timedelta(seconds=4)
# What has left once more since the last look is looked for anew.
_DUE = """
SELECT m.id, m.message_id, CASE WHEN s.looked_at >= m.dot_at THEN s.looks ELSE 0 END,
       COALESCE(s.seen = 'refused', false)
  FROM outbox_message m
  LEFT JOIN inbox_sent_search s ON s.message_id = m.id
 WHERE m.mailbox_id = %s AND (m.state IN ('in_doubt', 'assumed_sent') OR m.again_at IS NOT NULL)
   AND m.state IN ('in_doubt', 'assumed_sent', 'deferred')
   AND (s.message_id IS NULL OR s.next_at <= now() OR s.looked_at < m.dot_at)
 ORDER BY s.next_at NULLS FIRST, m.dot_at
 LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message whose copy is looked for. looks: how often it was looked for since it left.

    was_refused: the server did not bear the last search for it, be it alone or among others.
    """

    pk: int
    message_id: str
    looks: int
    was_refused: bool


def look_for_copies(mailbox: Mailbox, reader: Reader | None) -> int:
    """Settle as sent what lies in the mailbox's Sent folder. Returns how many messages that were.

    reader: None for a mailbox that has no folders (POP3): that is noted, so that nobody waits for proof.
    Never raises an ImapError: what the mailbox has received is read, whatever comes of this.
    """
    wanted = _due(mailbox.pk)
    if not wanted:
        return 0
    pace, found = Pace(mailbox.workspace.time_scale), 0
    folders: list[Folder] | None = None
    for some in _together(wanted):
        try:
            if reader is None:
                seen = dict.fromkeys(some, Seen.NO_FOLDER)
            else:
                if folders is None:
                    folders = [folder for folder in reader.folders() if folder.role == "sent"]
                seen = _look(reader, folders[:MOST_FOLDERS], some)
        except ImapError as error:
            # It may be this very search that the server cannot bear: the next reading begins with another one, and
            # looks for each of these alone.
            for one in some:
                _note(one, Seen.REFUSED, pace)
            ids = [one.pk for one in some]
            log.warning("inbox.sent_search_failed mailbox=%s messages=%s problem=%s", mailbox.pk, ids, error)
            return found
        found += sum(_note(one, seen[one], pace) for one in some)
    return found


def next_look(looks: int, at: datetime, *, pace: Pace) -> datetime | None:
    """Return when to look again after `looks` looks, the last one of them at `at`; None when it was the last."""
    if looks > len(WAITS):
        return None
    return at + pace.shrink(WAITS[looks - 1], floor=_WAIT_FLOOR)


def _due(mailbox_id: int) -> list[Wanted]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [mailbox_id, MOST_MESSAGES])
        return [Wanted(*row) for row in cursor.fetchall()]


def _together(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Yield what one search asks for: several at once, then one by one those that were in a search that failed."""
    usual = [one for one in wanted if not one.was_refused]
    for start in range(0, len(usual), _AT_ONCE):
        yield usual[start : start + _AT_ONCE]
    for one in wanted:
        if one.was_refused:
            yield [one]


def _look(reader: Reader, folders: Sequence[Folder], some: Sequence[Wanted]) -> dict[Wanted, Seen]:
    if not folders:
        return dict.fromkeys(some, Seen.NO_FOLDER)
    asked, there = [one.message_id for one in some], set[str]()
    for folder in folders:
        there |= reader.find_message_ids(folder, asked)
    return {one: Seen.COPY if one.message_id in there else Seen.NO_COPY for one in some}


def _note(one: Wanted, seen: Seen, pace: Pace) -> bool:
    """Write down what was seen; True when it has settled a doubt."""
    now, looks = database_now(), one.looks + 1
    next_at = None if seen is Seen.COPY else next_look(looks, now, pace=pace)
    with transaction.atomic():
        settled = seen is Seen.COPY and confirm_sent(one.pk, evidence="a copy in the Sent folder")
        SentSearch.objects.update_or_create(
            message_id=one.pk, defaults={"looks": looks, "looked_at": now, "next_at": next_at, "seen": seen}
        )
    return settled
