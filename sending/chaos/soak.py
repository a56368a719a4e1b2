"""F2: workers killed at random moments, again and again, while thousands of messages go out.

A tenth of the mail leaves from mailboxes with a Sent folder: of that nothing may stay in doubt that a server has taken.
"""

from __future__ import annotations

import signal
from collections.abc import Collection

from sending.chaos.scene import Cast, plain_server
from sending.chaos.servers import wait_until
from sending.chaos.victims import children_of, connections_of, send
from sending.chaos.witness import witnessed
from sending.chaos.world import PROOF_S, Broken, Run

_GROUPS = 4
_MAILBOXES = 4  # of each group
_THINK_S = 0.01
_LONGEST_PAUSE_S = 0.3
# So often it is the whole courier that is killed, with all of its processes.
_PARENT_SHARE = 0.05


def soak(run: Run, *, messages: int, kills: int) -> None:
    """Kill a busy worker process of the courier, or now and then the courier, until the kills are used up."""
    receiver = run.receiver(think_s=_THINK_S)
    of_witness = messages // 10
    _, witness = witnessed(run, people=of_witness, mailboxes=_MAILBOXES, think_s=_THINK_S)
    ports = {receiver.port, witness.port}
    rest = messages - of_witness
    for group in range(_GROUPS):
        share = rest // _GROUPS + (group < rest % _GROUPS)
        run.scene(Cast(share, plain_server(receiver.port), mailboxes=_MAILBOXES))
    count = 0
    while count < kills and not run.is_over:
        before = run.log.count
        run.until(lambda: run.log.count > before or run.is_over, "another message", every_s=0.02)  # noqa: B023  # at once
        # However fast the workers are, messages must be left for the last kill.
        enough = before + messages // (3 * kills)
        wait_until(lambda: run.log.count >= enough, seconds=run.random.uniform(0, _LONGEST_PAUSE_S))  # noqa: B023
        count += _kill_one(run, ports)
    if count < kills:
        raise Broken(f"the messages were out after {count} of {kills} kills: send more")
    run.settle(seconds=60 + messages / 20)
    run.await_proof(seconds=PROOF_S + messages / 20)


def _kill_one(run: Run, ports: Collection[int]) -> int:
    """Kill one victim; what it has sent and got no answer to may be in doubt. Returns how many were killed."""
    courier = run.servers.program["courier"]
    children = children_of(courier.pid)
    if run.random.random() < _PARENT_SHARE:
        _charge(run, children, ports)
        courier.kill()
        courier.start()
        return 1
    busy = [pid for pid, count in connections_of(children, to=ports).items() if count]
    if not busy:
        return 0
    victim = run.random.choice(busy)
    _charge(run, [victim], ports)
    send(victim, signal.SIGKILL)
    return 1


def _charge(run: Run, victims: list[int], ports: Collection[int]) -> None:
    """Freeze the victims and raise the bound by what may be under way: one message on each open connection."""
    for pid in victims:
        send(pid, signal.SIGSTOP)
    run.bound += connections_of(victims, to=ports).total()
