"""F12, F13, F24: servers that never come to the point, answers that are noise, a machine that has run out of things."""

from __future__ import annotations

import resource

from sending.chaos.faultsmtpd import drip, hang, say
from sending.chaos.scene import Cast, Scene, plain_server
from sending.chaos.victims import children_of, open_files_of
from sending.chaos.world import Run
from sending.mailboxes.models import Mailbox
from sending.mailboxes.services import update_mailbox
from sending.outbox.line import BEFORE_DOT_S
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState

_TARPITS, _GOOD, _PEOPLE = 50, 5, 10
_GOOD_WITHIN_S = 30.0
# The steps at which an answer that makes no sense is before the mark.
_BEFORE_MARK = ("banner", "ehlo", "auth", "mail", "rcpt", "data")
_NOISES = 4  # of each step
_NOWHERE = "mail.nowhere.invalid"
# More than an idle process has open: enough for its database sessions and its loop, not for its crowd of mailboxes.
_SPARE_FILES = 20
_CROWD = 40


def tarpits(run: Run) -> None:
    """Let fifty servers take their time, and see that five others are served as if they were alone."""
    slow = [hang(), drip(b"220 " + b"one moment " * 90 + b"\r\n", every_s=0.1)]
    for number in range(_TARPITS):
        receiver = run.receiver({"banner": [slow[number % 2]]})
        run.scene(Cast(1, plain_server(receiver.port)))
    good = [run.scene(Cast(_PEOPLE, plain_server(run.receiver().port))) for _ in range(_GOOD)]
    run.until(lambda: all(scene.is_over for scene in good), "the mail of good servers", seconds=_GOOD_WITHIN_S)
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


def exhausted(run: Run) -> None:
    """Take the files from the couriers, and the address from a host: mailboxes wait for it, nobody is charged."""
    children = children_of(run.servers.program["courier"].pid)
    before = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in children}
    for pid, (_, most) in before.items():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_files_of(pid) + _SPARE_FILES, most))
    crowd = run.scene(Cast(2 * _CROWD, plain_server(run.receiver(think_s=0.3).port), mailboxes=_CROWD))
    lost = run.scene(Cast(2, plain_server(run.receiver().port, smtp_host=_NOWHERE)))
    failing = Mailbox.objects.filter(clock__failures__gt=0)
    run.until(lambda: failing.filter(pk=lost.mailboxes[0].pk).exists(), "a backoff for the host without an address")
    run.until(lambda: run.log.count >= _CROWD, "mail in spite of few files")
    for pid, limits in before.items():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    update_mailbox(lost.mailboxes[0], {"smtp_host": "127.0.0.1"}, smtp="", imap="")
    run.settle(seconds=60)
    for message in OutboundMessage.objects.filter(workspace__in=[crowd.workspace_id, lost.workspace_id]):
        if (message.state, message.refusals) != (MessageState.SENT, 0):
            run.notes.append(f"{message.state} after {message.refusals} refusals: {message.reason}")
