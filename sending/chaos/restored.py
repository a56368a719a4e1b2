"""F5: the database is put back to an older copy under a program that goes on."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial

from outreach.accounts.access import Member
from outreach.accounts.models import User, Workspace
from outreach.accounts.roles import Role
from sending.chaos.scene import Cast, plain_server
from sending.chaos.victims import asleep, children_of, connections_of, send
from sending.chaos.world import Fault, Run, patiently
from sending.guard.models import Finding
from sending.guard.services import confirm

_MAILBOXES = 4
_THINK_S = 0.02
# So long nothing may leave, although beat, sweepers and workers are there and all of it is due.
_STANDSTILL_S = 4.0


def restores(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F5: everything had left when the copy is put back, or half of it, or the worker was killed."""
    if is_short:
        return [partial(put_back, people=24, left=0.5, is_killed=True)]
    return [
        partial(put_back, people=100, left=left, is_killed=is_killed)
        for left, is_killed in ((1.0, False), (0.5, False), (0.5, True))
    ]


def put_back(run: Run, *, people: int, left: float, is_killed: bool) -> None:
    """Copy the database before anything leaves, let this share leave, put the copy back, and let an owner confirm."""
    receiver = run.receiver(think_s=_THINK_S)
    with asleep(run.servers.program["courier"].pid):
        run.scene(Cast(people, plain_server(receiver.port), mailboxes=_MAILBOXES))
        run.servers.copy_database()
    run.until(lambda: run.log.count >= people * left, "the mail before the copy is put back")
    if left == 1.0:
        run.settle()
    with _ended(run, receiver.port, is_killed=is_killed):
        count = run.log.count
        run.servers.put_database_back()
    run.until(lambda: patiently(Finding.objects.exclude(read_at=None).first), "the standstill")
    time.sleep(_STANDSTILL_S)
    if run.log.count != count:
        run.notes.append(f"{run.log.count - count} messages left from an older copy that nobody had confirmed")
    for finding in Finding.objects.all():
        confirm(_owner(), finding.pk)
    run.until(lambda: not Finding.objects.exists(), "the confirmation")
    run.settle(seconds=60)


@contextlib.contextmanager
def _ended(run: Run, port: int, *, is_killed: bool) -> Iterator[None]:
    """End the courier in full flow, in order or not; what a killed one had under way may be in doubt."""
    courier = run.servers.program["courier"]
    if is_killed:
        children = children_of(courier.pid)
        for pid in children:
            send(pid, signal.SIGSTOP)
        run.bound += connections_of(children, to={port}).total()
        courier.kill()
    else:
        courier.end(signal.SIGTERM)
    yield
    courier.start()


def _owner() -> Member:
    """Return the owner of the first workspace, whose word counts for the whole instance."""
    return Member(user=User.objects.earliest("id"), workspace=Workspace.objects.earliest("id"), role=Role.OWNER)
