"""Listen to mailboxes: connections that are kept open, on which servers tell of new mail at once (IMAP IDLE, RFC 2177).

One process, one thread that waits for all connections, a few that read. It takes as many mailboxes as it has slots,
those that have sent within a day; all others are read in turn. A mailbox that is listened to is leased, so it still has
one connection. Every four minutes each is read in full over its connection, which asks for the junk folder, keeps the
reading fresh, and shows a connection that has died without a word: it is dropped, and the mailbox is read anew at once.
"""

from __future__ import annotations

import logging
import selectors
import threading
import time
import uuid
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection
from django.db.models.functions import Now

from sending.imap import Folder, ImapError, Reader, open_mailbox
from sending.inbox.models import MailboxSync
from sending.inbox.reading import LEASE_S, read_on, since_sent
from sending.inbox.rhythm import LIVELY
from sending.mailboxes.connections import reading_account
from sending.mailboxes.models import Mailbox

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 5.0
_EXTEND_EVERY_S = 30.0
_WAIT_S = 1.0
# A living server answers at once; one that is silent for so long is gone.
DONE_WITHIN_S = 15.0
_READ_WITHIN_S = 270.0
_READERS = 4
_DEAF_FOR = "7 days"
_INBOX = Folder("INBOX", "inbox")

_CLAIM = """
UPDATE inbox_sync s
   SET lease_until = now() + make_interval(secs => %(lease)s), listener = %(me)s, listened_since = now()
 WHERE s.mailbox_id = ANY(ARRAY(
    SELECT s.mailbox_id
      FROM inbox_sync s
      JOIN mailboxes_mailbox m ON m.id = s.mailbox_id
     CROSS JOIN LATERAL (SELECT max(p.spent_at) AS at FROM mailboxes_spending p WHERE p.mailbox_id = m.id) sent
     WHERE m.state = 'active' AND m.reading = 'imap' AND s.failures = 0 AND s.synced_at IS NOT NULL
       AND (s.lease_until IS NULL OR s.lease_until < now()) AND sent.at > now() - %(lively)s
       AND (s.deaf_at IS NULL OR s.deaf_at < now() - %(deaf)s::interval)
       AND NOT EXISTS (
           SELECT 1 FROM mailboxes_mailbox n JOIN inbox_sync t ON t.mailbox_id = n.id
            WHERE n.imap_host = m.imap_host AND n.imap_username = m.imap_username AND n.id <> m.id
              AND (t.lease_until > now() OR n.state = 'active' AND n.id < m.id))
     ORDER BY sent.at DESC LIMIT %(room)s FOR UPDATE OF s SKIP LOCKED))
RETURNING s.mailbox_id
"""


@dataclass(eq=False)
class _Slot:
    """One mailbox that is listened to. reader: None until its first turn has signed in."""

    mailbox_id: int
    stack: ExitStack = field(default_factory=ExitStack)
    reader: Reader | None = None
    idles: bool = False
    turn: Future[bool] | None = None  # under way; its result: whether to go on


class Listener:
    """Listens to at most `slots` mailboxes until it is told to stop. alive: a file that is touched at every look."""

    def __init__(
        self, slots: int, *, lease_s: int = LEASE_S, done_within_s: float = DONE_WITHIN_S, alive: Path | None = None
    ) -> None:
        self._most = slots
        self._lease_s = lease_s
        self._done_within_s = done_within_s
        self._alive = alive
        self._me = uuid.uuid4()
        self._slots: dict[int, _Slot] = {}
        self._selector = selectors.DefaultSelector()
        self._looked_at = self._extended_at = 0.0
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="listener")

    @property
    def heard(self) -> int:
        """How many mailboxes are listened to at the moment, their connections open."""
        return sum(slot.idles and slot.turn is None for slot in list(self._slots.values()))

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set; then end every connection and give the mailboxes back."""
        try:
            while not stop.is_set():
                try:
                    self.look()
                except DatabaseError:
                    log.exception("inbox.listener_without_database")
                    connection.close()
                    stop.wait(_LOOK_EVERY_S)
                self.wait()
        finally:
            self.close()
            connection.close()

    def look(self) -> None:
        """Take mailboxes for which there is room, keep the leases, and begin the turns of those that are due."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY_S:
            return
        self._looked_at = now
        if self._alive is not None:
            self._alive.touch()
        if now - self._extended_at >= _EXTEND_EVERY_S:
            self._extended_at = now
            self._extend()
        for mailbox_id in self._claim(self._most - len(self._slots)):
            self._slots[mailbox_id] = _Slot(mailbox_id)
            self._begin(self._slots[mailbox_id])
        idle = [slot.mailbox_id for slot in self._slots.values() if slot.idles]
        due = MailboxSync.objects.filter(mailbox__in=idle, next_at__lte=Now()).values_list("mailbox_id", flat=True)
        for mailbox_id in due:
            self._begin(self._slots[mailbox_id])

    def wait(self, *, most_s: float = _WAIT_S) -> None:
        """Wait for a word of a server or for the end of a turn, and act on it."""
        if self._selector.get_map():
            for key, _ in self._selector.select(most_s):
                self._begin(key.data)
        else:
            time.sleep(most_s)
        for slot in [one for one in self._slots.values() if one.turn is not None and one.turn.done()]:
            self._end_of_turn(slot)

    def close(self) -> None:
        """End all connections, and give the mailboxes back to those who read in turn."""
        for slot in self._slots.values():
            self._deafen(slot)
        self._give_back([slot.mailbox_id for slot in self._slots.values() if slot.turn is None])
        self._pool.shutdown(wait=True)
        for slot in self._slots.values():
            if slot.idles and slot.reader is not None:
                slot.reader.hang_up()
            slot.stack.close()
        self._give_back(list(self._slots))
        self._slots.clear()
        self._selector.close()

    # -- turns --
    def _begin(self, slot: _Slot) -> None:
        if slot.turn is None:
            self._deafen(slot)
            slot.turn = self._pool.submit(self._turn, slot)

    def _end_of_turn(self, slot: _Slot) -> None:
        assert slot.turn is not None
        goes_on, slot.turn = slot.turn.result(), None
        if not goes_on:
            slot.stack.close()
            del self._slots[slot.mailbox_id]
            self._give_back([slot.mailbox_id])
        elif slot.idles and slot.reader is not None:
            self._selector.register(slot.reader.sock, selectors.EVENT_READ, slot)
        else:
            self._begin(slot)  # there is more to read

    def _deafen(self, slot: _Slot) -> None:
        if slot.reader is not None and slot.reader.sock in self._selector.get_map():
            self._selector.unregister(slot.reader.sock)

    def _turn(self, slot: _Slot) -> bool:
        """Hear what the server says, read the mailbox where there is a reason to, and listen again. In a thread."""
        try:
            return self._go_on(slot)
        except ImapError as error:
            # It died between two readings: whoever reads next makes a new connection, and sees how the server is.
            log.warning("inbox.listener_cut_off mailbox=%s problem=%s", slot.mailbox_id, error)
            return False
        except Exception:
            log.exception("inbox.listener_broke mailbox=%s", slot.mailbox_id)
            return False
        finally:
            connection.close()

    def _go_on(self, slot: _Slot) -> bool:
        if slot.idles and slot.reader is not None:
            if not slot.reader.hear() and not self._is_due(slot.mailbox_id):
                return True  # "still here"
            self._end_idle(slot, slot.reader)
        reading = read_on(slot.mailbox_id, lambda mailbox: self._connected(slot, mailbox), listener=self._me)
        if reading.problem or slot.reader is None or not self._is_worth_it(slot.mailbox_id):
            return False
        if not slot.reader.can_idle:
            MailboxSync.objects.filter(pk=slot.mailbox_id).update(deaf_at=Now())
            return False
        if reading.is_complete and not reading.fills:
            slot.idles = True
            if slot.reader.idle(_INBOX) or slot.reader.hear():  # something has come since it was read
                self._end_idle(slot, slot.reader)
        return True

    def _connected(self, slot: _Slot, mailbox: Mailbox) -> Reader:
        if slot.reader is None:
            account = reading_account(mailbox.credential)
            slot.reader = slot.stack.enter_context(open_mailbox(account, most_s=_READ_WITHIN_S))
        return slot.reader

    def _end_idle(self, slot: _Slot, reader: Reader) -> None:
        slot.idles = False
        reader.end_idle(within_s=self._done_within_s, most_s=_READ_WITHIN_S)

    def _is_due(self, mailbox_id: int) -> bool:
        return MailboxSync.objects.filter(pk=mailbox_id, next_at__lte=Now()).exists()

    def _is_worth_it(self, mailbox_id: int) -> bool:
        """Say whether the mailbox is still ours, still active, and still sends."""
        ours = MailboxSync.objects.filter(pk=mailbox_id, listener=self._me, mailbox__state="active")
        since = since_sent(mailbox_id)
        return ours.exists() and since is not None and since <= LIVELY

    # -- leases --
    def _claim(self, room: int) -> list[int]:
        if room <= 0:
            return []
        wanted: dict[str, Any] = {
            "lease": self._lease_s,
            "me": self._me,
            "lively": LIVELY,
            "deaf": _DEAF_FOR,
            "room": room,
        }
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, wanted)
            return [pk for (pk,) in cursor.fetchall()]

    def _extend(self) -> None:
        """Keep the leases; what somebody else has taken meanwhile is let go at its next turn."""
        mine = MailboxSync.objects.filter(pk__in=list(self._slots), listener=self._me)
        with connection.cursor() as cursor:
            cursor.execute("SELECT now() + make_interval(secs => %s)", [self._lease_s])
            mine.update(lease_until=cursor.fetchone()[0])

    def _give_back(self, mailbox_ids: Collection[int]) -> None:
        """Let the mailboxes be read in turn, at once: what came since their last turn is not known."""
        rows = MailboxSync.objects.filter(pk__in=mailbox_ids, listener=self._me)
        rows.filter(failures=0).update(next_at=Now())
        rows.update(lease_until=None, listener=None, listened_since=None)
