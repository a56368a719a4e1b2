"""F6, F7, F8: Redis is lost in every way; tasks come several times; there are two of everything that should be one."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial

import redis

from outreach.celery import app
from outreach.embedded import program
from outreach.env import env
from sending.chaos.scene import Cast, plain_server
from sending.chaos.servers import LEASE_S
from sending.chaos.victims import asleep
from sending.chaos.world import Fault, Run, at_rest, await_workers
from sending.outbox import leases

_PEOPLE, _FEW = 60, 24
_MAILBOXES = 4
_THINK_S = 0.05
_DOWN_S = 3.0
# How soon after its return everything is through: PostgreSQL is the queue, and beat asks it again. A worker that ends
# over it, as Celery's does where Redis is full, is started again by whoever keeps it, here as in production.
_DRAINED_S = LEASE_S / 4 + 30.0
_FULL = 1_000_000
_QUEUE = "deliver"


class Loss(StrEnum):
    """How Redis is lost."""

    KILLED = "killed and started again"
    EMPTIED = "FLUSHALL"
    CUT = "CLIENT KILL TYPE normal"
    FULL = "maxmemory 1mb"
    ABSENT = "absent when the workers start"
    REPLAYED = "put back to an older snapshot"


def broker(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F6; the long form repeats each, because Celery has been seen to come back deaf."""
    if is_short:
        return [partial(lose_broker, loss=loss, people=_FEW) for loss in (Loss.KILLED, Loss.FULL, Loss.REPLAYED)]
    return [partial(lose_broker, loss=loss, people=_PEOPLE) for loss in Loss for _ in range(4)]


def lose_broker(run: Run, *, loss: Loss, people: int) -> None:
    """Lose Redis while messages go out, launch more meanwhile, and see that all of it is sent after its return."""
    run.hurries = False  # who looks for work here is beat alone
    receiver = run.receiver(think_s=_THINK_S)
    cast = Cast(people, plain_server(receiver.port), mailboxes=_MAILBOXES)
    if loss is not Loss.ABSENT:
        run.scene(cast)
        run.until(lambda: run.log.count > people // 10, "the first messages")
    _LOSSES[loss](run, lambda: run.scene(cast))
    run.settle(seconds=_DRAINED_S)


def _killed(run: Run, more: Callable[[], object]) -> None:
    run.servers.valkey.end(signal.SIGKILL)
    more()
    time.sleep(_DOWN_S)
    run.servers.valkey.start()


def _emptied(_run: Run, more: Callable[[], object]) -> None:
    more()
    for _ in range(20):
        _client().flushall()
        time.sleep(0.1)


def _cut(_run: Run, more: Callable[[], object]) -> None:
    more()
    for _ in range(5):
        with contextlib.suppress(redis.exceptions.ConnectionError):
            _client().client_kill_filter(_type="normal", skipme=True)
        time.sleep(0.4)


def _filled(_run: Run, more: Callable[[], object]) -> None:
    client = _client()
    client.set("ballast", b"x" * _FULL)
    client.config_set("maxmemory", "1mb")
    more()
    time.sleep(_DOWN_S)
    client.config_set("maxmemory", 0)
    client.delete("ballast")


def _absent(run: Run, more: Callable[[], object]) -> None:
    with at_rest(run.servers, list(run.servers.program)):
        run.servers.valkey.end(signal.SIGKILL)
    more()
    time.sleep(_DOWN_S)
    run.servers.valkey.start()


def _replayed(run: Run, more: Callable[[], object]) -> None:
    """Keep a snapshot of a queue of deliveries, carry them out, and put the snapshot back: all of them come again."""
    courier = run.servers.program["courier"]
    run.until(lambda: run.is_over, "the messages before the snapshot")
    with asleep(courier.pid):
        more()
        run.until(lambda: _client().llen(_QUEUE), "deliveries that wait")
        _client().save()
    run.until(lambda: run.is_over, "the deliveries")
    run.servers.valkey.end(signal.SIGKILL)
    with asleep(courier.pid):
        run.servers.valkey.start()
        if not _client().llen(_QUEUE):
            run.notes.append("no delivery came again")
    run.servers.snapshot.unlink()


_LOSSES: dict[Loss, Callable[[Run, Callable[[], object]], None]] = {
    Loss.KILLED: _killed,
    Loss.EMPTIED: _emptied,
    Loss.CUT: _cut,
    Loss.FULL: _filled,
    Loss.ABSENT: _absent,
    Loss.REPLAYED: _replayed,
}


def tasks_twice(run: Run, *, people: int) -> None:
    """Hand out every lease two to five times, and all of them once more, in any order, when everything is over."""
    receiver = run.receiver(think_s=0.01)
    scene = run.scene(Cast(people, plain_server(receiver.port), mailboxes=_MAILBOXES))
    seen: list[tuple[str, list[int]]] = []

    def hand_out() -> bool:
        owner, mailbox_ids = leases.lease_due(most=2)
        if mailbox_ids:
            seen.append((str(owner), mailbox_ids))
            _send(run, seen[-1:] * run.random.randint(2, 5) + run.random.sample(seen, min(3, len(seen))))
        return scene.is_over

    run.hurries = False
    run.until(hand_out, "the end of the messages", seconds=60 + people / 4)
    _send(run, seen)
    run.settle()
    tries = {message.attempt_number for message in scene.messages}
    if tries != {1}:
        run.notes.append(f"a task that came twice was tried again: attempts {sorted(tries)}")


def _send(run: Run, tasks: Sequence[tuple[str, list[int]]]) -> None:
    for owner, mailbox_ids in run.random.sample(list(tasks), len(tasks)):
        app.send_task("outbox.deliver", [owner, mailbox_ids])
    for name in ("outbox.sweep", "outbox.tick", "outbox.trim"):
        app.send_task(name)


def many_of_everything(run: Run, *, people: int) -> None:
    """Run two beats and two couriers, and sweep all the time, beside mailboxes whose limits are always reached."""
    extra = [program.beat(), program.courier(4, name="courier2")]
    for service in extra:
        runner = run.servers.runner(service)
        run.stack.callback(runner.kill)
        runner.start()
    await_workers(run.servers, count=4)
    receiver = run.receiver(think_s=0.01)
    limits = {"gap_min_s": 60, "gap_max_s": 120, "hourly_limit": 12, "daily_limit": 150}
    scene = run.scene(Cast(people, plain_server(receiver.port, **limits), mailboxes=_MAILBOXES))

    def sweep() -> bool:
        for _ in range(3):
            app.send_task("outbox.sweep")
            app.send_task("outbox.tick")
        time.sleep(0.1)
        return scene.is_over

    run.until(sweep, "the end of the messages", seconds=60 + people / 2)


def _client() -> redis.Redis:
    return redis.Redis.from_url(env().redis_url)
