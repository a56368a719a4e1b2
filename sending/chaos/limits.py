"""F12, F13: servers that never come to the point, answers that are noise."""

from __future__ import annotations

from collections.abc import Sequence

from sending.chaos.faultsmtpd import Script, drip, hang, say
from sending.chaos.scene import Cast, Scene, are_over, plain_server
from sending.chaos.world import Run
from sending.outbox.line import BEFORE_DOT_S
from sending.outbox.states import MessageState

_TARPITS, _GOOD, _PEOPLE = 50, 5, 10
_GOOD_WITHIN_S = 30.0
# The steps at which an answer that makes no sense is before the mark.
_BEFORE_MARK = ("banner", "ehlo", "auth", "mail", "rcpt", "data")
_NOISES = 4  # of each step


def tarpits(run: Run) -> None:
    """Let fifty servers take their time, and see that five others are served as if they were alone."""
    slow: Sequence[Script] = (
        {"banner": [hang()]},
        {"banner": [drip(b"220 " + b"one moment " * 90 + b"\r\n", every_s=0.1)]},
        {"ehlo": [drip(b"250-and this\r\n" * 70, every_s=0.1)]},
    )
    for number in range(_TARPITS):
        receiver = run.receiver(slow[number % len(slow)])
        run.scene(Cast(1, plain_server(receiver.port)))
    good = [run.scene(Cast(_PEOPLE, plain_server(run.receiver().port))) for _ in range(_GOOD)]
    run.until(lambda: are_over(good), "the mail of good servers", seconds=_GOOD_WITHIN_S)
    run.settle(seconds=2 * BEFORE_DOT_S + 30)


def nonsense(run: Run) -> None:
    """Answer with noise at each step, once: before the dot it costs a try, after it a doubt, and nothing breaks."""
    at_dot: list[Scene] = []
    for step in (*_BEFORE_MARK, "dot"):
        for _ in range(_NOISES):
            noise = run.random.randbytes(run.random.randint(1, 200)).replace(b"\n", b"\r\n") + b"\r\n"
            receiver = run.receiver({step: [say(noise, takes=True)]})
            scene = run.scene(Cast(2, plain_server(receiver.port)))
            if step == "dot":
                at_dot.append(scene)
    run.bound += len(at_dot)
    run.settle()
    for scene in run.scenes:
        if scene not in at_dot and {message.state for message in scene.messages} != {MessageState.SENT}:
            run.notes.append(f"noise before the dot was not got over: {[one.reason for one in scene.messages]}")
