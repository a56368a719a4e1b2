"""One worker's loop over its mailboxes: claim, dial, mark, dot, record, each mailbox at its own speed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from django.db import connection, connections

from outreach.kit import clock, stopping
from outreach.kit.away import is_away
from sending.guard.clause import STANDS_STILL
from sending.mailboxes.connections import smtp_servers
from sending.outbox import leases
from sending.outbox.batcher import Batcher
from sending.outbox.claims import claim
from sending.outbox.core import MailboxNews, after
from sending.outbox.jobs import Job, Result
from sending.outbox.line import Line
from sending.outbox.marks import mark, why_called_back
from sending.outbox.records import hand_back, record_results
from sending.outbox.scribe import Journal
from sending.outbox.witness import Witness
from sending.smtp import Server, Withdrawn

R = TypeVar("R")
log = logging.getLogger(__name__)

# How long one task works before it hands its mailboxes back, so that a deployment never waits for long.
WORK_S = 6.0
# A mailbox whose next message comes within this is kept instead of being leased anew.
PATIENCE_S = 2.5
# Messages of one mailbox that may be sent and not yet written down: what a kill can leave in doubt.
UNRECORDED = 4
# While some mailboxes wait for slow servers, others are taken in beside them, so many at most, for so long at most: a
# worker that cannot be asked to end has to be through before it is killed.
_CROWD = 300
_CROWD_S = 45.0
_MORE = 100
# Whoever is still busy so long after the end of the work waits for a slow server.
_SLOW_S = 1.0
# A worker that is asked to end waits so long for the answers to what has left; docker-compose.yml and outreach.embedded
# kill it later than that. What is cut off is in doubt when its lease runs out.
LAST_ANSWERS_S = 45.0
_CUT_OFF_S = 2.0
# Written down together: a transaction for many costs little more than for one.
_RECORD_LINGER_S = 0.02
_RECORD_RETRY_S = (0.2, 0.5, 1, 2, 5)


class Courier:
    """Delivers for a set of leased mailboxes inside one event loop, with three threads for the database."""

    def __init__(
        self,
        owner: UUID,
        mailbox_ids: Sequence[int],
        *,
        work_s: float = WORK_S,
        journal: Journal | None = None,
        bell: stopping.Bell = stopping.SHUTDOWN,
    ) -> None:
        self._owner = owner
        self._mailbox_ids = list(mailbox_ids)
        self._work_s = work_s
        self._witness = Witness(journal)
        self._bell = bell
        self._stopping = asyncio.Event()  # nothing is begun any more
        self._stop_at = float("inf")  # the end of the patience with what was begun
        self._until = self._end = time.monotonic()  # the end of the work of those taken in last; of taking in others
        self._in_hand: dict[UUID, Job] = {}
        self._lines: dict[int, Line] = {}  # by mailbox; one whose serving failed is left to whoever leases it anew
        # Marks stand between a server's 354 and the body: they wait neither behind claims, which render hundreds of
        # messages, nor behind the writing down of results.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="outbox-db")
        self._recorder = ThreadPoolExecutor(1, thread_name_prefix="outbox-record")
        self._claimer = ThreadPoolExecutor(1, thread_name_prefix="outbox-claim")
        self._claims = Batcher(self._claim, self._claimer)
        self._marks = Batcher(self._mark, self._executor)
        self._records = Batcher(record_results, self._recorder, linger_s=_RECORD_LINGER_S)
        self._releases = Batcher(self._release, self._executor)

    async def run(self) -> int:
        """Deliver until nothing is due soon, the time is over, or the process is asked to end.

        Asked to end, it claims and marks nothing more, hands back what has not left, and waits LAST_ANSWERS_S at most
        for the answers to what has. Returns how many attempts were made.
        """
        async with self._open():
            self._end = time.monotonic() + _CROWD_S
            serving = await self._begin(self._mailbox_ids)
            count = 0
            while serving:
                done, serving = await asyncio.wait(serving, timeout=_SLOW_S, return_when=asyncio.FIRST_COMPLETED)
                count += sum(task.result() for task in done)
                if serving and time.monotonic() > self._until + _SLOW_S:
                    serving |= await self._take_in_more(_CROWD - len(serving))
                if time.monotonic() > self._stop_at:
                    await self._cut_off(serving)
                    break
        return count

    def _stop(self) -> None:
        """Begin nothing more; what has not passed its mark is handed back."""
        self._stopping.set()
        self._stop_at = time.monotonic() + LAST_ANSWERS_S
        for line in self._lines.values():
            line.call_back()

    async def _cut_off(self, serving: set[asyncio.Task[int]]) -> None:
        """Leave what is still unanswered, or cannot be written down, to whoever looks after the dead."""
        log.warning("outbox.cut_off mailboxes=%s messages=%s", len(serving), len(self._in_hand))
        for _ in range(2):  # a task that writes down what it knows needs to be told twice
            if serving:
                for task in serving:
                    task.cancel()
                _, serving = await asyncio.wait(serving, timeout=_CUT_OFF_S)

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        """Keep the leases while the block lasts, and leave neither a thread nor a session behind.

        The sessions are opened first: lines to servers that had taken the last file descriptors would wait for records
        which could not get one.
        """
        keeper = asyncio.create_task(self._keep_leases())
        loop = asyncio.get_running_loop()
        executors = (self._executor, self._claimer, self._recorder)
        try:
            await asyncio.gather(*(loop.run_in_executor(one, _open_session) for one in executors))
            with stopping.told(self._stop, self._bell):
                yield
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
            for executor in executors:
                await loop.run_in_executor(executor, connections.close_all)
                executor.shutdown()
            self._witness.rest()

    async def _begin(self, mailbox_ids: Sequence[int]) -> set[asyncio.Task[int]]:
        servers = await self._in_database(lambda: smtp_servers(mailbox_ids))
        until = time.monotonic() + self._work_s
        serving = {asyncio.create_task(self._serve(pk, servers[pk], until)) for pk in mailbox_ids if pk in servers}
        if serving:
            self._until = until
        return serving

    async def _take_in_more(self, places: int) -> set[asyncio.Task[int]]:
        """Serve other mailboxes while some wait for servers that do not answer: a tarpit holds up nobody else."""
        if places <= 0 or self._is_over(self._end):
            return set()
        most = min(places, _MORE)
        try:
            mailbox_ids = await self._in_database(lambda: leases.lease_for(self._owner, most=most))
            return await self._begin(mailbox_ids) if mailbox_ids else set()
        except Exception as error:
            if not is_away(error):
                raise
            log.exception("outbox.lease_failed")
            return set()

    async def _serve(self, mailbox_id: int, server: Server, until: float) -> int:
        count = 0
        jobs: list[Job] = []
        line = self._lines[mailbox_id] = Line(server)
        try:
            while True:
                late = self._is_over(until)
                jobs = [] if late else await self._claims.submit(mailbox_id)
                self._in_hand |= {job.letter.attempt: job for job in jobs}
                await self._deliver_all(jobs, line, until)
                count += len(jobs)
                if not jobs:
                    look_in_s = await self._releases.submit((mailbox_id, late))
                    if look_in_s is None:
                        return count
                    await line.rest(min(look_in_s, until - time.monotonic()), self._stopping)
        except Exception:
            # One mailbox's fault must not take the others down; its lease runs out and the sweeper settles the rest.
            log.exception("outbox.mailbox_failed mailbox=%s", mailbox_id)
            return count
        finally:
            # What was not written down is no longer kept: the sweeper settles it when its lease runs out.
            self._lines.pop(mailbox_id, None)
            for job in jobs:
                self._in_hand.pop(job.letter.attempt, None)
            await line.close()

    async def _deliver_all(self, jobs: Sequence[Job], line: Line, until: float) -> None:
        """Deliver one after the other; the next leaves while up to UNRECORDED before it are being written down.

        Once the server cannot be reached or wants nothing from this mailbox, or the time is over, the rest goes back
        untried: fifty sign-ins with a wrong password would lock the account.
        """
        places = asyncio.Semaphore(UNRECORDED)
        records: list[asyncio.Task[None]] = []
        try:
            for number, job in enumerate(jobs, 1):
                await places.acquire()
                result = None if self._stopping.is_set() else await self._deliver(job, line)
                if result is None:
                    await self._hand_back(jobs[number - 1 :], "")
                    break
                record = asyncio.create_task(self._record(result))
                record.add_done_callback(lambda _: places.release())
                records.append(record)
                news = after(result.outcome, refusals=job.letter.refusals)
                met = news.reason if news.mailbox is not MailboxNews.FINE else ""
                if number < len(jobs) and (met or self._is_over(until)):
                    await self._hand_back(jobs[number:], met)
                    break
        finally:
            # Also when a mark has failed: what the server has taken is written down.
            await asyncio.gather(*records)

    async def _hand_back(self, jobs: Sequence[Job], met: str) -> None:
        why = f"Not tried: the message before it met {met}" if met else "Not tried yet: the worker's time was over."
        await self._in_database(lambda: hand_back(jobs, why))
        for job in jobs:
            self._in_hand.pop(job.letter.attempt, None)

    async def _deliver(self, job: Job, line: Line) -> Result | None:
        """Try one message. None when the worker was asked to end before anything of it had left."""
        started_at = clock.now()
        outcome = await line.send(job, before_dot=lambda: self._marks.submit(job))
        if isinstance(outcome, Withdrawn):
            why = self._witness.fault_of(job)
            if not why and self._stopping.is_set():
                return None
            outcome = replace(outcome, text=why or await self._in_database(lambda: why_called_back(job)))
            if self._witness.is_broken or outcome.text == STANDS_STILL:
                self._stop()  # nothing else would leave either
        result = Result(job, outcome, started_at, clock.now())
        self._witness.note(result)
        return result

    async def _record(self, result: Result) -> None:
        """Record, however long the database is away: the lease is kept, and a late answer still settles a doubt."""
        tries = 0
        while True:
            try:
                kept = await self._records.submit(result)
            except Exception as error:
                log.exception("outbox.record_failed message=%s", result.job.letter.pk)
                if tries >= len(_RECORD_RETRY_S) and not is_away(error):
                    log.exception("outbox.record_given_up message=%s", result.job.letter.pk)
                    return
                await asyncio.sleep(_RECORD_RETRY_S[min(tries, len(_RECORD_RETRY_S) - 1)])
                tries += 1
            else:
                self._in_hand.pop(result.job.letter.attempt, None)
                if not kept:
                    log.warning("outbox.lease_lost message=%s", result.job.letter.pk)
                return

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(leases.RENEW_EVERY_S)
            try:
                await self._in_database(lambda: leases.renew(self._owner, list(self._lines), list(self._in_hand)))
            except Exception:
                log.exception("outbox.renew_failed")

    def _mark(self, jobs: Sequence[Job]) -> list[bool]:
        return self._witness.mark(jobs, mark)

    def _claim(self, mailbox_ids: Sequence[int]) -> list[list[Job]]:
        jobs: dict[int, list[Job]] = {pk: [] for pk in mailbox_ids}
        for job in claim(self._owner, mailbox_ids):
            jobs[job.letter.mailbox_id].append(job)
        return [jobs[pk] for pk in mailbox_ids]

    def _release(self, asked: Sequence[tuple[int, bool]]) -> list[float | None]:
        late = [pk for pk, is_late in asked if is_late]
        early = [pk for pk, is_late in asked if not is_late]
        answers = leases.release(self._owner, late, patience_s=leases.NO_PATIENCE_S) if late else {}
        answers |= leases.release(self._owner, early, patience_s=PATIENCE_S) if early else {}
        return [answers.get(pk) for pk, _ in asked]

    async def _in_database(self, call: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def _is_over(self, until: float) -> bool:
        return self._stopping.is_set() or time.monotonic() > until


def _open_session() -> None:
    connection.ensure_connection()  # of the thread that this is called in
