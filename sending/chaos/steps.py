"""F1, F4: at each step of the dialogue the deliverer is killed, asked to end, put to sleep, or left without a database.

The cells of one run stand at their steps at the same time, each with a workspace, a mailbox and a server of its own;
then one signal meets them all.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

from outreach.env import env
from outreach.kit.gate import HOLD_SHUT
from sending.chaos.faultsmtpd import Act, close, say
from sending.chaos.receiver import Barrier, Receiver
from sending.chaos.scene import Cast, Scene, plain_server
from sending.chaos.servers import LEASE_S, wait_until
from sending.chaos.victims import children_of, holder_of, send
from sending.chaos.world import SETTLE_S, Fault, Run, patiently
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.sandbox.authority import certificate
from sending.sandbox.imapd import tls_of
from sending.smtp import Security

BEFORE_MARK = ("banner", "ehlo", "starttls", "tls", "auth", "mail", "rcpt", "data", "invited")
AFTER_MARK = ("first", "body", "dot")
# The answer is here: whoever dies now has it in a journal.
ANSWERED = ("answered", "quit")
STEPS = (*BEFORE_MARK, *AFTER_MARK, *ANSWERED)
# Each of these holds up what the same process does for others: in this order, and from the step beside it on.
_LATE = {"quit": "mail", "answered": "dot", "invited": "data"}
_DOWN_S = 3.0
_SENT = {MessageState.SENT}
_PERHAPS = {MessageState.SENT, MessageState.IN_DOUBT, MessageState.ASSUMED_SENT}
_BUSY = close(b"421 4.3.2 not now\r\n")
_LATER = say(b"451 4.3.0 not now\r\n")


class Verdict(StrEnum):
    """What the server does at the step, once it is let go."""

    ACCEPTS = "accepts"
    DROPS = "drops"
    REJECTS = "rejects"


class Blow(StrEnum):
    """What befalls the deliverer."""

    KILL_CHILD = "kill -9 of the process that delivers"
    KILL_PARENT = "kill -9 of the worker with its processes"
    TERM = "SIGTERM to the worker"
    SLEEP = "SIGSTOP for two leases"
    NO_DATABASE = "PostgreSQL stopped at once"
    NO_DATABASE_LONG = "PostgreSQL stopped at once, for a minute"


_REJECTIONS: Mapping[str, Act] = {
    "banner": _BUSY, "ehlo": _BUSY, "starttls": say(b"454 4.7.0 no TLS now\r\n"), "tls": close(),
    "auth": say(b"454 4.7.0 not now\r\n"), "mail": _LATER, "rcpt": _LATER, "data": _LATER, "invited": _BUSY,
    "first": _BUSY, "body": _BUSY, "dot": _LATER, "answered": _BUSY, "quit": _BUSY,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of the matrix: a client that stands at a step, and its server's verdict."""

    step: str
    verdict: Verdict

    def expected(self, blow: Blow) -> set[MessageState]:
        """Return the states in which its message may end: only between mark and answer it may be in doubt."""
        ends_well = self.verdict is Verdict.ACCEPTS and blow not in {Blow.KILL_CHILD, Blow.KILL_PARENT}
        # A worker that is only asked to end may still set the mark that it waits for.
        is_marked = self.step in AFTER_MARK or (self.step == "invited" and blow is Blow.TERM)
        return _PERHAPS if is_marked and not ends_well else _SENT

    def script(self) -> dict[str, list[Act]]:
        match self.verdict:
            case Verdict.ACCEPTS:
                return {}
            case Verdict.DROPS:
                return {self.step: [close()]}
            case Verdict.REJECTS:
                return {self.step: [_REJECTIONS[self.step]]}


@dataclass(frozen=True, slots=True)
class Stand:
    """A cell with its server and its scene, of which one message comes to the step."""

    cell: Cell
    barriers: Mapping[str, Barrier]
    receiver: Receiver
    scene: Scene

    is_answer: bool = False

    @property
    def barrier(self) -> Barrier:
        return self.barriers[self.cell.step]

    @property
    def messages(self) -> list[OutboundMessage]:
        return self.scene.answers if self.is_answer else self.scene.messages


def matrix(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F1: each step with each blow; in the long form each of them with each verdict."""
    blows = (Blow.KILL_CHILD, Blow.KILL_PARENT, Blow.TERM, Blow.SLEEP)
    turns = range(1 if is_short else 3)
    return [partial(strike, blow=blow, cells=_cells(n + turn)) for n, blow in enumerate(blows) for turn in turns]


def database(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F4."""
    runs = [partial(strike, blow=Blow.NO_DATABASE, cells=_cells(turn)) for turn in range(1 if is_short else 3)]
    if is_short:
        return runs
    return [*runs, partial(strike, blow=Blow.NO_DATABASE_LONG, cells=_cells(0))]


def _cells(turn: int) -> Sequence[Cell]:
    """Return a cell for each step, with verdicts that take turns."""
    verdicts = list(Verdict)
    return [Cell(step, verdicts[(n + turn) % 3]) for n, step in enumerate(STEPS)]


def strike(
    run: Run,
    *,
    blow: Blow,
    cells: Sequence[Cell],
    set_up: Callable[[Run, Sequence[Cell]], Sequence[Stand]] | None = None,
) -> None:
    """Bring every cell to its step, strike, let the servers go on, and see how each message ends.

    set_up: what comes to the steps; the first messages of campaigns, if nothing else is said.
    """
    stands: Sequence[Stand] = []
    with contextlib.ExitStack() as locks:
        run.hurries = False  # a tick for each cell would be a task for each, and there are four processes
        stands = set_up(run, cells) if set_up else [_set_up(run, cell) for cell in cells]
        run.hurries = True
        for stand in stands:
            if stand.cell.step not in _LATE:
                run.until(stand.barrier.arrived.is_set, stand.cell.step)
        for step in _LATE:
            for stand in (one for one in stands if one.cell.step == step):
                _let_come(run, stand, locks)
        _BLOWS[blow](run, stands, locks.close)
    run.bound += sum(1 for cell in cells if cell.expected(blow) is _PERHAPS)
    # A doubt may still be settled by a late answer: what counts is how it ends.
    wait_until(lambda: patiently(lambda: run.is_over and not _unexpected(stands, blow)), seconds=SETTLE_S, every_s=0.1)
    run.notes += _unexpected(stands, blow)


def _unexpected(stands: Sequence[Stand], blow: Blow) -> list[str]:
    return [
        f"{stand.cell.step}, {stand.cell.verdict}, {blow}: {message.state} ({message.reason})"
        for stand in stands
        for message in stand.messages
        if message.state not in stand.cell.expected(blow)
    ]


# -- to the steps --
def _set_up(run: Run, cell: Cell) -> Stand:
    receiver, columns = server_of(run, cell)
    server = plain_server(**columns)
    return Stand(cell, receiver.barriers, receiver, run.scene(Cast(1, server, is_long=cell.step == "body")))


def server_of(run: Run, cell: Cell) -> tuple[Receiver, dict[str, Any]]:
    """Start the server that keeps a client at the step of a cell; returns it with what a mailbox has to know of it."""
    barriers = {step: Barrier() for step in (cell.step, _LATE.get(cell.step)) if step}
    receiver = run.receiver(cell.script(), barriers=barriers)
    authority = certificate(run.servers.folder)
    receiver.tls = tls_of(authority)
    columns = {"smtp_security": Security.STARTTLS, "ca_pem": Path(authority.ca).read_text()}
    return receiver, {"port": receiver.port, **columns}


def _let_come(run: Run, stand: Stand, locks: contextlib.ExitStack) -> None:
    """Bring a client from the step before its own to its own, where only a lock of ours keeps it."""
    before, here = stand.barriers[_LATE[stand.cell.step]], stand.barrier
    run.until(before.arrived.is_set, f"the step before {stand.cell.step}")
    if stand.cell.step == "invited":
        locks.enter_context(_locked(HOLD_SHUT, stand.scene.workspace_id))
    if stand.cell.step == "answered":
        locks.enter_context(_locked(_LOCK_MESSAGE, stand.messages[0].pk))
    before.released.set()
    run.until(here.arrived.is_set, stand.cell.step)
    if stand.cell.step == "invited":
        run.until(lambda: _waiting("advisory"), "the wait for the gate")
    if stand.cell.step == "answered":
        run.until(lambda: _waiting("transactionid"), "the wait of the record")


_LOCK_MESSAGE = "SELECT id FROM outbox_message WHERE id = %s FOR UPDATE"


@contextlib.contextmanager
def _locked(statement: str, key: int) -> Iterator[None]:
    """Hold what the statement locks, in a session of our own, until the block ends."""
    with psycopg.connect(env().database_url) as session:
        session.execute(statement, [key])
        yield


def _waiting(kind: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = %s AND NOT granted", [kind])
        return bool(cursor.fetchone()[0])


# -- the blows --
def _victims(run: Run, stands: Sequence[Stand]) -> set[int]:
    children = children_of(run.servers.program["courier"].pid)
    found = {holder_of(stand.barrier.port, children) for stand in stands}
    return {pid for pid in found if pid is not None}


def _release(stands: Sequence[Stand]) -> None:
    for stand in stands:
        stand.barrier.released.set()


def _kill_children(run: Run, stands: Sequence[Stand], unlock: Callable[[], None]) -> None:
    for pid in _victims(run, stands):
        send(pid, signal.SIGKILL)
    unlock()
    _release(stands)


def _kill_parent(run: Run, stands: Sequence[Stand], unlock: Callable[[], None]) -> None:
    courier = run.servers.program["courier"]
    courier.end(signal.SIGKILL)
    unlock()
    _release(stands)
    courier.start()


def _end(run: Run, stands: Sequence[Stand], unlock: Callable[[], None]) -> None:
    courier = run.servers.program["courier"]
    send(courier.pid, signal.SIGTERM)
    unlock()
    _release(stands)
    courier.end(signal.SIGTERM)
    courier.start()


def _put_to_sleep(run: Run, stands: Sequence[Stand], unlock: Callable[[], None]) -> None:
    victims = _victims(run, stands)
    for pid in victims:
        send(pid, signal.SIGSTOP)
    try:
        unlock()
        _release(stands)
        time.sleep(2 * LEASE_S)
    finally:
        for pid in victims:
            send(pid, signal.SIGCONT)


def _stop_database(run: Run, stands: Sequence[Stand], unlock: Callable[[], None], *, down_s: float) -> None:
    """Stop PostgreSQL without a checkpoint, while servers answer; nobody starts the workers again."""
    courier = run.servers.program["courier"]
    before = children_of(courier.pid)
    run.servers.postgres.end(signal.SIGQUIT)
    with contextlib.suppress(psycopg.OperationalError):
        unlock()
    _release(stands)
    time.sleep(down_s)
    run.servers.postgres.start()
    run.settle()
    if children_of(courier.pid) != before:
        run.notes.append("processes of the courier did not survive the restart of PostgreSQL")


_BLOWS: Mapping[Blow, Callable[[Run, Sequence[Stand], Callable[[], None]], None]] = {
    Blow.NO_DATABASE: partial(_stop_database, down_s=_DOWN_S),
    Blow.NO_DATABASE_LONG: partial(_stop_database, down_s=60.0),
    Blow.KILL_CHILD: _kill_children,
    Blow.KILL_PARENT: _kill_parent,
    Blow.TERM: _end,
    Blow.SLEEP: _put_to_sleep,
}
