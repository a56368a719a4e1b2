"""F3, F16: servers that end a connection where it hurts: between the dot and its answer, and between two messages."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from sending.chaos.faultsmtpd import Script, close, hang, reset, say
from sending.chaos.scene import Cast, Scene, plain_server
from sending.chaos.servers import LEASE_S
from sending.chaos.witness import witnessed
from sending.chaos.world import Run
from sending.outbox.states import MessageState

_PEOPLE = 3
_SILENCE_S = 3.0 * LEASE_S
_UNSURE = {MessageState.IN_DOUBT, MessageState.ASSUMED_SENT}
_FINE = say(b"250 2.1.0 ok\r\n")


def lost_answers(run: Run) -> None:
    """Lose the answer to the first of three messages in every way; a copy in a Sent folder proves that it was taken."""
    witness, _ = witnessed(run, people=_PEOPLE, script={"dot": [reset(takes=True)]})
    ways = [
        [act]
        for takes in (True, False)
        for act in (close(takes=takes), reset(takes=takes), close(b"250 2.0", takes=takes))
    ]
    lost = [_scene(run, {"dot": way}) for way in ways]
    with contextlib.ExitStack() as silent:
        quiet = [_scene(run, {"dot": [hang(takes=takes)]}, people=1, until=silent) for takes in (True, False)]
        waiting = {MessageState.DOT_PENDING}
        run.until(lambda: all(_count(scene, waiting) == 1 for scene in quiet), "the wait for an answer")
        time.sleep(_SILENCE_S)
        for scene in quiet:
            if _count(scene, waiting) != 1:
                run.notes.append("a worker that waits for an answer lost its lease")
    run.bound += len(lost) + len(quiet)
    run.settle()
    run.await_proof()
    everybody = {MessageState.SENT}
    if _count(witness, everybody) != _PEOPLE:
        run.notes.append(f"a Sent folder has a copy of each: {_states(witness)}")
    for scene in (*lost, *quiet):
        if (_count(scene, _UNSURE), _count(scene, everybody)) != (1, scene.people - 1):
            run.notes.append(f"one of {scene.people} messages should be in doubt: {_states(scene)}")


def kept_connections(run: Run) -> None:
    """End a kept connection before its second message: that one goes over a new one, and the try is not charged."""
    gone = b"421 4.4.2 idle for too long\r\n"
    extra = say(b"250 2.0.0 taken\r\n250 2.0.0 and well\r\n")
    scripts: Sequence[Script] = (
        {"mail": [_FINE, close()]},
        {"mail": [_FINE, reset()]},
        {"mail": [_FINE, close(gone)]},
        {"answered": [close()]},
        {"answered": [reset()]},
        {"answered": [close(gone)]},
        {"dot": [extra]},
        {"answered": [say(b"250 2.0.0 by the way\r\n")]},
    )
    scenes = [_scene(run, script) for script in scripts]
    # Who was refused before is reset first; the server goes away at that.
    after_refusal = _scene(run, {"rcpt": [say(b"450 4.2.0 greylisted\r\n")], "rset": [close()]})
    run.settle()
    for scene in scenes:
        tries = [(message.state, message.attempt_number, message.refusals) for message in scene.messages]
        if tries != [(MessageState.SENT, 1, 0)] * _PEOPLE:
            run.notes.append(f"a kept connection that died was charged to a message: {tries}")
    if _count(after_refusal, {MessageState.SENT}) != _PEOPLE:
        run.notes.append(f"a reset that failed: {_states(after_refusal)}")


def _scene(run: Run, script: Script, *, people: int = _PEOPLE, until: contextlib.ExitStack | None = None) -> Scene:
    return run.scene(Cast(people, plain_server(run.receiver(script, until=until).port)))


def _count(scene: Scene, states: set[MessageState]) -> int:
    return sum(message.state in states for message in scene.messages)


def _states(scene: Scene) -> str:
    return ", ".join(f"{message.state} ({message.reason})" for message in scene.messages)
