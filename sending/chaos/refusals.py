"""F15: every refusal that servers are known for, end to end: who pays for it, when it is tried again, who is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from campaigns.contacts.models import Suppression
from sending.chaos.faultsmtpd import Script, close, say
from sending.chaos.receiver import Receiver
from sending.chaos.scene import TIME_SCALE, Cast, Scene, are_over, plain_server
from sending.chaos.world import Run
from sending.mailboxes.models import Mailbox
from sending.mailboxes.services import activate
from sending.mailboxes.states import MailboxState
from sending.outbox.models import Attempt
from sending.outbox.states import MessageState

_GREY = say(b"450 4.7.1 greylisted, come back in five minutes\r\n")
_GREY_WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30))
_SENT, _FAILED = MessageState.SENT, MessageState.FAILED


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server says at its first visits, and what must come of the messages, one for each end.

    refusals: what they were charged, together. mailbox: its state until a person acts. waits: the least time between
    the tries of the first message, in the time of the workspace.
    """

    name: str
    script: Script
    ends: tuple[MessageState, ...] = (_SENT, _SENT)
    refusals: int = 0
    mailbox: MailboxState = MailboxState.ACTIVE
    suppresses: bool = False
    waits: Sequence[timedelta] = ()


_REFUSALS = (
    Refusal("greylisted three times", {"rcpt": [_GREY] * 3}, (_SENT,), refusals=3, waits=_GREY_WAITS),
    Refusal("421 at the banner", {"banner": [close(b"421 4.3.2 too many connections\r\n")]}),
    Refusal("421 at MAIL", {"mail": [close(b"421 4.3.2 not now\r\n")]}),
    # RFC 5321 section 3.8: it is about the connection, and yet an address that brings it each time must have an end.
    Refusal("421 at RCPT", {"rcpt": [close(b"421 4.3.2 not now\r\n")]}, refusals=1),
    Refusal("421 after the dot", {"dot": [close(b"421 4.3.2 not now\r\n")]}, refusals=1),
    Refusal("451 at RCPT", {"rcpt": [say(b"451 4.3.0 try again\r\n")]}, refusals=1),
    Refusal("451 after the dot", {"dot": [say(b"451 4.3.0 try again\r\n")]}, refusals=1),
    Refusal("452 at MAIL", {"mail": [say(b"452 4.3.1 no room\r\n")]}),
    Refusal("432 of a third connection", {"auth": [close(b"432 4.3.2 Concurrent connections limit exceeded\r\n")]}),
    Refusal("454 of too many sign-ins", {"auth": [say(b"454 4.7.0 Too many login attempts\r\n")]}),
    Refusal(
        "535 of a wrong password",
        {"auth": [say(b"535 5.7.8 wrong password\r\n")]},
        mailbox=MailboxState.NEEDS_SIGN_IN,
    ),
    Refusal("552 of a message too big", {"dot": [say(b"552 5.3.4 too big\r\n")]}, (_FAILED, _SENT), refusals=1),
    Refusal(
        "550 of an address unknown",
        {"rcpt": [say(b"550 5.1.1 no such user\r\n")]},
        (_FAILED, _SENT),
        refusals=1,
        suppresses=True,
    ),
    Refusal("550 of a policy", {"rcpt": [say(b"550 5.7.1 not wanted here\r\n")]}, (_FAILED, _SENT), refusals=1),
    Refusal(
        "550 of an hour's quota",
        {"rcpt": [say(b"550 5.7.0 Your hourly limit of messages is reached\r\n")]},
        refusals=1,
        waits=(timedelta(hours=1),),
    ),
    Refusal("554 of a message refused", {"dot": [say(b"554 5.2.0 refused\r\n")]}, (_FAILED, _SENT), refusals=1),
)


@dataclass(frozen=True, slots=True)
class _Stand:
    refusal: Refusal
    receiver: Receiver
    scene: Scene

    @property
    def box(self) -> Mailbox:
        return Mailbox.objects.get(pk=self.scene.mailboxes[0].pk)


def refused(run: Run) -> None:
    """Meet each refusal; where a person is needed, see that nothing leaves before one acts; then count what it cost."""
    stands = [_stand(run, refusal) for refusal in _REFUSALS]
    stopped = [stand for stand in stands if stand.refusal.mailbox is not MailboxState.ACTIVE]
    for stand in stopped:
        run.until(lambda: stand.box.state == stand.refusal.mailbox, stand.refusal.name)  # noqa: B023  # at once
    run.until(lambda: are_over([one.scene for one in stands if one not in stopped]), "the mail that needs nobody")
    for stand in stopped:
        if any(message.state == _SENT for message in stand.scene.messages):
            run.notes.append(f"{stand.refusal.name}: something left before a person had acted")
        activate(stand.box.pk)
    run.settle(seconds=60)
    for stand in stands:
        run.notes += _faults_of(stand)


def _stand(run: Run, refusal: Refusal) -> _Stand:
    receiver = run.receiver(refusal.script)
    return _Stand(refusal, receiver, run.scene(Cast(len(refusal.ends), plain_server(receiver.port))))


def _faults_of(stand: _Stand) -> list[str]:
    refusal, messages, faults = stand.refusal, stand.scene.messages, []
    first = messages[0]
    found = tuple(sorted(MessageState(message.state) for message in messages))
    if found != tuple(sorted(refusal.ends)):
        faults.append(f"{found}, expected {refusal.ends}: {[message.reason for message in messages]}")
    if (charged := sum(message.refusals for message in messages)) != refusal.refusals:
        faults.append(f"{charged} refusals are charged, expected {refusal.refusals}")
    suppressed = Suppression.objects.filter(workspace=stand.scene.workspace_id).count()
    if suppressed != refusal.suppresses:
        faults.append(f"{suppressed} addresses are suppressed")
    if stand.box.state != MailboxState.ACTIVE:
        faults.append(f"its mailbox is {stand.box.state}: {stand.box.state_reason}")
    begun = [one.started_at for one in Attempt.objects.filter(message=first).order_by("number")]
    apart = [(later - sooner) * TIME_SCALE for sooner, later in pairwise(begun)]
    if refusal.waits and (len(apart) != len(refusal.waits) or any(map(timedelta.__lt__, apart, refusal.waits))):
        faults.append(f"it was tried again after {apart}, not {refusal.waits}")
    return [f"{refusal.name}: {fault}" for fault in faults]
