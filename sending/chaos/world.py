"""What a fault works with: the servers, receivers with one log, scenes, and the end of a run, which is judged."""

from __future__ import annotations

import contextlib
import itertools
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import kombu.exceptions
from django.db import InterfaceError, OperationalError, connection

from outreach.celery import app
from sending.chaos import oracle
from sending.chaos.faultsmtpd import Script, serving_in_thread
from sending.chaos.oracle import Case, Stop
from sending.chaos.receiver import AcceptedLog, Receiver
from sending.chaos.results import Findings
from sending.chaos.scene import Cast, Scene, are_over, make_scene
from sending.chaos.servers import LEASE_S, Servers, wait_until
from sending.mailboxes.budgets import database_now
from sending.outbox.models import OutboundMessage

T = TypeVar("T")
log = logging.getLogger(__name__)
# From the last thing that is broken until nothing moves any more.
SETTLE_S = 20.0 + 4 * LEASE_S
# A reading every four seconds looks into the Sent folders, for fifty messages at a time.
PROOF_S = 45.0
_TICK_EVERY_S = 0.5
# Whoever looks more often takes the processors from those who are looked at.
_LOOK_EVERY_S = 0.1
_runs = itertools.count(1)


class Broken(Exception):
    """A run that could not be carried out, or did not come to its end: it proves nothing."""


@dataclass
class Run:
    """One run of a fault: its receivers share a log, its scenes are judged together."""

    servers: Servers
    log: AcceptedLog
    seed: int
    stack: contextlib.ExitStack
    scenes: list[Scene] = field(default_factory=list)
    witnessed: list[Scene] = field(default_factory=list)  # those whose mailboxes have a Sent folder
    stops: list[Stop] = field(default_factory=list)
    bound: int = 0
    deleted: int = 0
    notes: list[str] = field(default_factory=list)
    hurries: bool = True  # look for due work more often than beat does: never where the broker is what is broken

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311  # a seed makes the run repeatable
        self._ticked_at = 0.0

    def receiver(
        self, script: Script | None = None, *, until: contextlib.ExitStack | None = None, **more: Any
    ) -> Receiver:
        """Start a server, which lives as long as the run or the stack that is given."""
        one = Receiver(script or {}, accepted_log=self.log, **more)
        stack = until or self.stack
        stack.enter_context(serving_in_thread(one))
        for barrier in one.barriers.values():
            stack.callback(barrier.released.set)
        return one

    def scene(self, cast: Cast) -> Scene:
        scene = make_scene(cast)
        self.scenes.append(scene)
        return scene

    @property
    def is_over(self) -> bool:
        return are_over(self.scenes)

    def settle(self, *, seconds: float = SETTLE_S) -> None:
        """Wait until nothing moves any more. Raises Broken."""
        if not wait_until(lambda: self._hurried(lambda: patiently(lambda: self.is_over)), seconds=seconds, every_s=0.1):
            raise Broken(f"it did not settle within {seconds:.0f} s: {self.standing()}")

    def until(
        self, done: Callable[[], object], what: str, *, seconds: float = 30.0, every_s: float = _LOOK_EVERY_S
    ) -> None:
        """Wait for something that has to happen. Raises Broken."""
        if not wait_until(lambda: self._hurried(done), seconds=seconds, every_s=every_s):
            raise Broken(f"{what} did not happen within {seconds:.0f} s: {self.standing()}")

    def _hurried(self, done: Callable[[], object]) -> object:
        if self.hurries and time.monotonic() - self._ticked_at > _TICK_EVERY_S:
            self._ticked_at = time.monotonic()
            tick()
        return done()

    def standing(self) -> str:
        rows = OutboundMessage.objects.filter(workspace__in=[scene.workspace_id for scene in self.scenes])
        found = patiently(lambda: list(rows.values_list("state", "reason", "retry_at", "mailbox__clock__hold_until")))
        counts = Counter(state for state, *_ in found)
        open_ones = [one for one in found if one[0] in {"claimed", "dot_pending", "deferred"}]
        return ", ".join(f"{count} {state}" for state, count in counts.items()) + "".join(
            f"; {state} ({reason}) again at {at}, mailbox at {hold}" for state, reason, at, hold in open_ones[:3]
        )

    def await_proof(self, *, seconds: float = PROOF_S) -> None:
        """Give the Sent folders time to settle what they can settle: whether they did, the oracle says."""
        wait_until(lambda: not any("Sent" in one for one in self._judged().violations), seconds=seconds, every_s=1.0)

    def _judged(self) -> Findings:
        case = Case(
            workspaces=[scene.workspace_id for scene in self.scenes],
            people=sum(scene.people for scene in self.scenes),
            bound=self.bound,
            stops=self.stops,
            deleted=self.deleted,
            witnessed=[scene.workspace_id for scene in self.witnessed],
        )
        return patiently(lambda: oracle.judge(case, self.log.read()))

    def judge(self) -> Findings:
        findings = self._judged()
        # What a run broke off over explains the rest.
        return replace(findings, violations=(*self.notes, *findings.violations))


Fault = Callable[[Run], None]


def carry_out(servers: Servers, fault: Fault, *, seed: int) -> Findings:
    """Carry out one run of a fault to its end, and judge it. What the run holds or has broken is let go first."""
    accepted = AcceptedLog(servers.folder / f"accepted-{next(_runs)}.log")
    with contextlib.ExitStack() as last, contextlib.ExitStack() as stack:
        last.callback(accepted.close)
        run = Run(servers, accepted, seed, stack)
        try:
            await_workers(servers)
            fault(run)
            run.settle()
        except Broken as broken:
            run.notes.append(str(broken))
        except Exception as error:
            log.exception("chaos.run_failed seed=%s", seed)
            run.notes.append(f"it ended with {type(error).__name__}: {error}")
        findings = run.judge()
    _put_away(run)
    return findings


def tick() -> None:
    """Look for due work now instead of at the next tick: a hint that the broker may lose."""
    with contextlib.suppress(kombu.exceptions.OperationalError):
        app.send_task("outbox.tick", retry=False)


def patiently(read: Callable[[], T], *, seconds: float = 90.0) -> T:
    """Read from the database, which may be away for a while."""
    found: list[T] = []

    def try_it() -> bool:
        try:
            found.append(read())
        except (OperationalError, InterfaceError):
            connection.close()
        return bool(found)

    if not wait_until(try_it, seconds=seconds, every_s=0.2):
        raise Broken("the database did not come back")
    return found[0]


def instant() -> datetime:
    """Return the database's own instant."""
    return patiently(database_now)


def await_workers(servers: Servers, *, count: int = 3) -> None:
    """Return when so many workers take tasks: what a run measures begins then. Raises Broken."""
    servers.start_program()
    if not wait_until(lambda: _answering(count) >= count, seconds=60):
        raise Broken("the workers do not answer")


def _answering(count: int) -> int:
    """Return how many workers answer, over a connection of its own: an older one may have been cut."""
    with app.connection_for_write() as own:
        try:
            return len(app.control.ping(timeout=3.0, limit=count, connection=own) or [])
        except own.recoverable_connection_errors:
            return 0


@contextlib.contextmanager
def at_rest(servers: Servers, names: Sequence[str]) -> Iterator[None]:
    """Stop processes of the program while the block lasts."""
    for name in names:
        servers.program[name].kill()
    try:
        yield
    finally:
        servers.start_program()


def _put_away(run: Run) -> None:
    """Let nobody send from or read what a run has left: the next one has the workers for itself."""
    for scene in run.scenes:
        for mailbox in scene.mailboxes:
            type(mailbox).objects.filter(pk=mailbox.pk, state="active").update(
                state="needs_sign_in", state_reason="Over."
            )
