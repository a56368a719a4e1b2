"""Celery's doors to the outbox: ids in, a service called; each may run twice, late or never."""

from __future__ import annotations

import logging
from uuid import UUID

from outreach.celery import app
from outreach.env import env
from outreach.kit import loops, stopping
from outreach.kit.files import said
from sending.guard.notes import key
from sending.guard.services import journal_fault, journal_is_well, watch
from sending.mailboxes.spending import trim
from sending.outbox import leases, scribe
from sending.outbox.courier import Courier
from sending.outbox.sweeper import sweep

log = logging.getLogger(__name__)

SHARD = 100
MOST = 2000


@app.task(name="outbox.tick")
def tick() -> None:
    """Lease the mailboxes whose turn has come and hand them to workers in shards.

    Before that it keeps watch: with each tick guard file and database grow together, so that an older copy shows.
    """
    if not watch(env().journal_dir):
        return
    owner, mailbox_ids = leases.lease_due(most=MOST, ahead_s=2.0)
    for start in range(0, len(mailbox_ids), SHARD):
        deliver.delay(str(owner), mailbox_ids[start : start + SHARD])


@app.task(name="outbox.deliver")
def deliver(owner: str, mailbox_ids: list[int]) -> None:
    """Deliver for leased mailboxes."""
    if stopping.SHUTDOWN.has_rung:  # another worker gets them at the next tick
        leases.give_back(UUID(owner), mailbox_ids)
        return
    try:
        journal = scribe.journal(str(key().installation or ""))
    except OSError as error:  # nothing may leave unwitnessed; the next tick finds out whether it has room again
        log.error("outbox.journal_fault reason=%s", said(error))  # noqa: TRY400  # known, and said in full
        journal_fault(env().journal_dir, said(error))
        leases.give_back(UUID(owner), mailbox_ids)
        return
    mine, held = leases.take_over(UUID(owner), mailbox_ids)
    if not held:  # it came twice, or this stack may not send: another one may
        leases.give_back(UUID(owner), mailbox_ids)
        return
    if journal is not None and journal.is_new:
        journal_is_well(env().journal_dir)
    loops.run(Courier(mine, held, journal=journal).run())
    if journal is not None and journal.fault:
        journal_fault(env().journal_dir, journal.fault)


@app.task(name="outbox.trim")
def trim_task() -> None:
    """Forget old entries of the mailboxes' books."""
    trim()


@app.task(name="outbox.sweep")
def sweep_task() -> None:
    """Settle what dead workers left behind."""
    counts = sweep()
    if any(counts.values()):
        log.info("outbox.swept %s", " ".join(f"{name}={count}" for name, count in counts.items()))
