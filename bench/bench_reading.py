"""Reading: what a poll of a thousand mailboxes costs, with nothing new, with mail, and listened to (IMAP IDLE).

At a Dovecot of one's own, over TLS, a connection and a sign-in for each reading. Memory is that of this process.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection
from django.db.models.functions import Now
from django.test.utils import setup_databases, teardown_databases

from bench.scene import FREE, make_mailboxes, make_owner
from sending.inbox.listening import Listener
from sending.inbox.models import InboundMessage, MailboxSync
from sending.inbox.reading import lease_due, read
from sending.mailboxes.models import Mailbox, Spending
from sending.mailboxes.services import store_passwords
from sending.smtp import Security
from tests.sending.imap import dovecot
from tests.sending.imap.post import Post, mail

COUNT = int(os.environ.get("BENCH_MAILBOXES", "1000"))
SLOTS = 100
_LISTEN_S = 120.0
_PASSWORD = "secret"  # of accounts that live as long as this run
_MB = 1024 * 1024


def main() -> None:
    """Print what reading costs for each mailbox."""
    logging.disable(logging.CRITICAL)
    kept = setup_databases(verbosity=0, interactive=False)
    try:
        accounts = {f"box{number}@bench.test": _PASSWORD for number in range(COUNT)}
        with dovecot.running(accounts) as server:
            ids = _mailboxes(server)
            print(f"reading: {COUNT} mailboxes at a Dovecot over TLS, one after the other")
            _tell("first reading, at the end of the mailbox", lambda: _poll(ids))
            _tell("poll with nothing new", lambda: _poll(ids))
            for number in range(COUNT):
                Post(server, f"box{number}@bench.test").deliver(mail(number, message_id=f"<{number}@x.test>"))
            _tell("poll with one new mail in each", lambda: _poll(ids))
            assert InboundMessage.objects.count() == COUNT
            _tell_tick(ids)
            _tell_listening(ids)
    finally:
        teardown_databases(kept, verbosity=0)


def _mailboxes(server: dovecot.Dovecot) -> list[int]:
    columns = {**FREE, "imap_host": server.host, "imap_port": server.imaps_port, "imap_security": Security.TLS}
    ids = make_mailboxes(make_owner(), COUNT, ca_pem=server.ca_pem, **columns)
    for number, mailbox in enumerate(Mailbox.objects.order_by("pk")):
        store_passwords(mailbox, smtp=_PASSWORD, imap=_PASSWORD)
        Mailbox.objects.filter(pk=mailbox.pk).update(imap_username=f"box{number}@bench.test")
    MailboxSync.objects.bulk_create([MailboxSync(mailbox_id=pk) for pk in ids])
    return ids


def _poll(ids: list[int]) -> None:
    for pk in ids:
        found = read(pk)
        assert found.is_complete, found.problem


def _tell(what: str, do: Callable[[], None]) -> None:
    before, began, cpu = _memory(), time.perf_counter(), time.process_time()
    do()
    wall, cpu, grown = time.perf_counter() - began, time.process_time() - cpu, _memory() - before
    print(
        f"  {what:<42} {1000 * cpu / COUNT:7.1f} ms CPU and {1000 * wall / COUNT:7.1f} ms a mailbox, "
        f"memory {_memory() / _MB:.0f} MB, grown by {grown / COUNT / 1024:.2f} kB a mailbox"
    )


def _tell_tick(ids: list[int]) -> None:
    """Measure the question which of the mailboxes are due: all of them, then none."""
    MailboxSync.objects.update(next_at=Now())
    began = time.perf_counter()
    due = lease_due(most=COUNT)
    all_s = time.perf_counter() - began
    began = time.perf_counter()
    none = lease_due(most=COUNT)
    assert (len(due), len(none)) == (len(ids), 0)
    print(f"  tick, all due: {1000 * all_s:.0f} ms; none due: {1000 * (time.perf_counter() - began):.0f} ms")
    MailboxSync.objects.update(lease_until=None)


def _tell_listening(ids: list[int]) -> None:
    """Measure what connections that are kept open cost while nothing happens on them."""
    slots = min(SLOTS, len(ids))
    Spending.objects.bulk_create([Spending(mailbox_id=pk) for pk in ids[:slots]])
    listener, before = Listener(slots), _memory()
    try:
        deadline = time.monotonic() + _LISTEN_S
        while listener.heard < slots and time.monotonic() < deadline:
            listener.look()
            listener.wait(most_s=0.1)
        grown, cpu, began = _memory() - before, time.process_time(), time.perf_counter()
        while time.perf_counter() - began < 10:
            listener.look()
            listener.wait()
        share = (time.process_time() - cpu) / (time.perf_counter() - began)
        print(
            f"  listened to: {listener.heard} connections, {grown / slots / 1024:.0f} kB each, "
            f"{100 * share:.1f} % of a core for all of them while nothing comes"
        )
    finally:
        listener.close()
        connection.close()


def _memory() -> int:
    """Return how much memory this process has, in bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
