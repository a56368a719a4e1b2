"""F25: the deliverer is killed with an answer of a person in its hand, at each step of the dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import uuid4

from outreach.kit import clock
from sending.chaos.scene import Cast, Scene, plain_server
from sending.chaos.steps import Blow, Cell, Stand, Verdict, server_of, strike
from sending.chaos.world import Fault, Run
from sending.imap import RawMail
from sending.inbox.services import take_in
from sending.inbox.threads.answers import Wish, answer
from sending.mailboxes.models import Mailbox

# Before the mark, under it, between mark and answer, and after the answer.
_STEPS = ("rcpt", "invited", "first", "body", "dot", "answered", "quit")
# 200 lines are quoted: more than a server reads before the step "body", and more than the kernel holds for a slow one.
_LONG = "\r\n".join(["A long story, of which nobody reads a word to its end. " * 12] * 200)


def killed_with_answers(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F25: in the long form each step with each verdict, and the worker killed with its parent."""
    blows = (Blow.KILL_CHILD,) if is_short else (Blow.KILL_CHILD, Blow.KILL_PARENT)
    turns = range(1 if is_short else len(Verdict))
    return [partial(strike, blow=blow, cells=_cells(turn), set_up=_set_up) for blow in blows for turn in turns]


def _cells(turn: int) -> Sequence[Cell]:
    verdicts = list(Verdict)
    return [Cell(step, verdicts[(n + turn) % len(verdicts)]) for n, step in enumerate(_STEPS)]


def _set_up(run: Run, cells: Sequence[Cell]) -> list[Stand]:
    """Let each person get their first message and write back; the answer to them comes to the step of the cell."""
    first = run.receiver()
    scenes = [run.scene(Cast(1, plain_server(first.port))) for _ in cells]
    run.hurries = True
    run.settle()
    run.hurries = False
    return [_answered(run, cell, scene) for cell, scene in zip(cells, scenes, strict=True)]


def _answered(run: Run, cell: Cell, scene: Scene) -> Stand:
    receiver, columns = server_of(run, cell)
    mailbox = scene.mailboxes[0]
    Mailbox.objects.filter(pk=mailbox.pk).update(smtp_port=columns.pop("port"), **columns)
    message = scene.messages[0]
    raw = (
        f"From: {message.recipient}\r\nTo: {mailbox.address}\r\nSubject: Re: {message.subject}\r\n"
        f"Message-ID: <{uuid4()}@guests.test>\r\nIn-Reply-To: {message.message_id}\r\n\r\n"
        f"{_LONG if cell.step == 'body' else 'What does it cost?'}\r\n"
    ).encode()
    row = take_in(mailbox, RawMail(1, clock.now(), len(raw), raw, truncated=False))
    assert row is not None
    assert row.thread is not None
    answer(scene.member, row.thread, Wish(text="Ten a month.", token=uuid4(), mail_id=row.pk))
    return Stand(cell, receiver.barriers, receiver, scene, is_answer=True)
