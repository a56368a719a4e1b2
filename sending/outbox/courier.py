"""One worker's loop over its mailboxes: claim, dial, mark, dot, record, each mailbox at its own speed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID

from django.db import connections

from outreach.kit import clock
from sending.mailboxes.services import smtp_servers
from sending.outbox import leases
from sending.outbox.batcher import Batcher
from sending.outbox.claims import claim
from sending.outbox.core import MailboxNews, after
from sending.outbox.jobs import Job, Result
from sending.outbox.marks import mark
from sending.outbox.records import record_results
from sending.smtp import Envelope, Outcome, Server, Session, SessionError, Unreachable, Withdrawn

R = TypeVar("R")
log = logging.getLogger(__name__)

# How long one task works before it hands its mailboxes back, so that a deployment never waits for long.
WORK_S = 6.0
# A mailbox whose next message comes within this is kept instead of being leased anew.
PATIENCE_S = 2.5
# Messages of one mailbox that may be sent and not yet written down: what a kill can leave in doubt.
UNRECORDED = 4
# Written down together: a transaction for many costs little more than for one.
_RECORD_LINGER_S = 0.02
_RECORD_RETRY_S = (0.2, 0.5, 1, 2, 5)


class Courier:
    """Delivers for a set of leased mailboxes inside one event loop, with one thread for the database."""

    def __init__(self, owner: UUID, mailbox_ids: Sequence[int], *, work_s: float = WORK_S) -> None:
        self._owner = owner
        self._mailbox_ids = list(mailbox_ids)
        self._work_s = work_s
        self._in_hand: dict[UUID, Job] = {}
        # Marks stand between a server's 354 and the body: they never wait behind the writing down of results.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="outbox-db")
        self._recorder = ThreadPoolExecutor(1, thread_name_prefix="outbox-record")
        self._claims = Batcher(self._claim, self._executor)
        self._marks = Batcher(mark, self._executor)
        self._records = Batcher(record_results, self._recorder, linger_s=_RECORD_LINGER_S)
        self._releases = Batcher(self._release, self._executor)

    async def run(self) -> int:
        """Deliver until nothing is due soon or the time is over. Returns how many attempts were made."""
        self._deadline = time.monotonic() + self._work_s
        servers = await self._in_database(lambda: smtp_servers(self._mailbox_ids))
        keeper = asyncio.create_task(self._keep_leases())
        try:
            counts = await asyncio.gather(*(self._serve(pk, servers[pk]) for pk in self._mailbox_ids if pk in servers))
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
            for executor in (self._executor, self._recorder):
                await asyncio.get_running_loop().run_in_executor(executor, connections.close_all)
                executor.shutdown()
        return sum(counts)

    async def _serve(self, mailbox_id: int, server: Server) -> int:
        count = 0
        jobs: list[Job] = []
        line = _Line(server)
        try:
            while True:
                late = time.monotonic() > self._deadline
                jobs = [] if late else await self._claims.submit(mailbox_id)
                self._in_hand |= {job.attempt: job for job in jobs}
                await self._deliver_all(jobs, line)
                count += len(jobs)
                if not jobs:
                    look_in_s = await self._releases.submit((mailbox_id, late))
                    if look_in_s is None:
                        return count
                    await line.rest(look_in_s)
        except Exception:
            # One mailbox's fault must not take the others down; its lease runs out and the sweeper settles the rest.
            log.exception("outbox.mailbox_failed mailbox=%s", mailbox_id)
            return count
        finally:
            # What was not written down is no longer kept: the sweeper settles it when its lease runs out.
            for job in jobs:
                self._in_hand.pop(job.attempt, None)
            await line.close()

    async def _deliver_all(self, jobs: Sequence[Job], line: _Line) -> None:
        """Deliver one after the other; the next leaves while up to UNRECORDED before it are being written down.

        Once the server cannot be reached or wants nothing from this mailbox, the rest goes back untried: fifty
        sign-ins with a wrong password would lock the account.
        """
        places = asyncio.Semaphore(UNRECORDED)
        records = []
        welcome = True
        for job in jobs:
            await places.acquire()
            result = await self._deliver(job, line) if welcome else Result(job, Withdrawn(), clock.now(), clock.now())
            welcome = welcome and after(result.outcome, refusals=job.refusals).mailbox is MailboxNews.FINE
            record = asyncio.create_task(self._record(result))
            record.add_done_callback(lambda _: places.release())
            records.append(record)
        await asyncio.gather(*records)

    async def _deliver(self, job: Job, line: _Line) -> Result:
        started_at = clock.now()
        outcome = await line.send(job, before_dot=lambda: self._marks.submit(job))
        return Result(job, outcome, started_at, clock.now())

    async def _record(self, result: Result) -> None:
        """Record, however long the database is away: the lease is kept, and what is lost becomes in doubt."""
        for wait_s in (*_RECORD_RETRY_S, *[5.0] * 60):
            try:
                kept = await self._records.submit(result)
            except Exception:
                log.exception("outbox.record_failed message=%s", result.job.message_pk)
                await asyncio.sleep(wait_s)
            else:
                self._in_hand.pop(result.job.attempt, None)
                if not kept:
                    log.warning("outbox.lease_lost message=%s", result.job.message_pk)
                return

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(leases.RENEW_EVERY_S)
            try:
                await self._in_database(lambda: leases.renew(self._owner, list(self._in_hand)))
            except Exception:
                log.exception("outbox.renew_failed")

    def _claim(self, mailbox_ids: Sequence[int]) -> list[list[Job]]:
        jobs: dict[int, list[Job]] = {pk: [] for pk in mailbox_ids}
        for job in claim(self._owner, mailbox_ids):
            jobs[job.mailbox_id].append(job)
        return [jobs[pk] for pk in mailbox_ids]

    def _release(self, asked: Sequence[tuple[int, bool]]) -> list[float | None]:
        late = [pk for pk, is_late in asked if is_late]
        early = [pk for pk, is_late in asked if not is_late]
        answers = leases.release(self._owner, late, patience_s=-1e9) if late else {}
        answers |= leases.release(self._owner, early, patience_s=PATIENCE_S) if early else {}
        return [answers.get(pk) for pk, _ in asked]

    async def _in_database(self, call: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


class _Line:
    """A mailbox's connection: opened when it is needed, kept while it is clean."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._session: Session | None = None

    async def send(self, job: Job, *, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        """Deliver one message. A kept connection that died while idle is replaced once, uncharged."""
        reused = self._session is not None
        outcome = await self._try(job, before_dot=before_dot)
        if reused and isinstance(outcome, Unreachable) and outcome.stale:
            outcome = await self._try(job, before_dot=before_dot)
        return outcome

    async def _try(self, job: Job, *, before_dot: Callable[[], Awaitable[bool]]) -> Outcome:
        if self._session is None:
            try:
                self._session = await Session.open(self._server)
            except SessionError as error:
                return error.outcome
        envelope = Envelope(sender=job.sender, recipient=job.recipient)
        outcome = await self._session.send(envelope, job.content, before_dot=before_dot)
        if not self._session.usable:
            await self.close()
        return outcome

    async def rest(self, seconds: float) -> None:
        """Wait for the next message; a long pause gives the connection back to the server."""
        if seconds > 1:
            await self.close()
        await asyncio.sleep(max(seconds, 0.005))

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
