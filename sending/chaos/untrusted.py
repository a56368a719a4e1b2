"""F14: TLS that cannot be trusted: no password and no message leaves, and the mailbox says why, until it is mended."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sending.chaos.certificates import authority, leaf, server_context
from sending.chaos.faultsmtpd import Script, close, cut, hang, say
from sending.chaos.receiver import Receiver
from sending.chaos.scene import Cast, Scene, plain_server
from sending.chaos.world import Fault, Run
from sending.outbox.line import BEFORE_DOT_S
from sending.outbox.models import Attempt
from sending.outbox.states import AttemptOutcome, MessageState
from sending.smtp import Security

_EXTENSIONS = ("PIPELINING", "SIZE 10485760", "8BITMIME", "AUTH LOGIN")
# What somebody on the way puts behind the 220 of STARTTLS: the offer and the answer of a server that he would be.
_INJECTED = say(b"220 go ahead\r\n250-evil.test\r\n250 AUTH PLAIN\r\n235 2.7.0 welcome\r\n")


@dataclass(frozen=True, slots=True)
class Danger:
    """A server whose TLS is not what it should be. words: stand in what its mailbox says about it."""

    name: str
    words: tuple[str, ...]
    tls: Callable[[], ssl.SSLContext] | None = None
    script: Script | None = None
    implicit: bool = True


def _shows(**days: Any) -> Callable[[], ssl.SSLContext]:
    return lambda: server_context(leaf(**days))


def _elsewhere() -> ssl.SSLContext:
    return server_context(leaf("mail.elsewhere.test"))


def _only(version: ssl.TLSVersion) -> Callable[[], ssl.SSLContext]:
    return lambda: server_context(leaf(), newest=version)


def _fine() -> ssl.SSLContext:
    return server_context(leaf())


_CERTIFICATES: Sequence[tuple[str, Callable[[], ssl.SSLContext], tuple[str, ...]]] = (
    ("expired", _shows(first_day=-9, last_day=-2), ("expired",)),
    ("not yet valid", _shows(first_day=5, last_day=9), ("not yet valid", "not valid yet")),
    ("for another host", _elsewhere, ("127.0.0.1", "name")),
    ("self-signed", _shows(self_signed=True), ("self-signed", "self signed")),
)
_LOST = ("closed", "lost", "ended", "tls", "reset")


def _dangers() -> list[Danger]:
    found = [
        Danger(name, words, tls, implicit=implicit) for name, tls, words in _CERTIFICATES for implicit in (True, False)
    ]
    return [
        *found,
        Danger("TLS 1.0 alone", _LOST, _only(ssl.TLSVersion.TLSv1)),
        Danger("TLS 1.1 alone", _LOST, _only(ssl.TLSVersion.TLSv1_1)),
        Danger("handshake cut", _LOST, _fine, {"tls": cut()}),
        Danger("handshake closed after STARTTLS", _LOST, _fine, {"tls": close()}, implicit=False),
        Danger("STARTTLS refused", ("454",), _fine, {"starttls": close(b"454 4.7.0 not now\r\n")}, implicit=False),
        Danger("STARTTLS stripped", ("starttls",), implicit=False),
    ]


def _silent() -> list[Danger]:
    slow = ("did not come to the point",)
    return [
        Danger("handshake that hangs", slow, _fine, {"tls": hang()}),
        Danger("handshake that hangs after STARTTLS", slow, _fine, {"tls": hang()}, implicit=False),
    ]


def tls(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F14; that a handshake hangs takes a minute to be found out."""
    if is_short:
        return [partial(distrust, dangers=_dangers(), seconds=30.0)]
    return [partial(distrust, dangers=[*_dangers(), *_silent()], seconds=BEFORE_DOT_S + 30.0)]


@dataclass(frozen=True, slots=True)
class _Stand:
    danger: Danger
    receiver: Receiver
    scene: Scene

    def tries(self) -> list[str]:
        """Return what was written down about each try that met the server, in lower case."""
        tries = Attempt.objects.filter(message__campaign=self.scene.campaign).exclude(outcome=AttemptOutcome.LOST)
        rows = tries.values_list("reply_text", "transcript")
        return [f"{text} {transcript}".lower() for text, transcript in rows]


def distrust(run: Run, *, dangers: Sequence[Danger], seconds: float) -> None:
    """Meet each danger until it is told of, see that nothing was said there, mend it, and see the mail go out."""
    stands = [_stand(run, danger) for danger in dangers]
    injected = _stand(run, Danger("answers injected behind STARTTLS", (), _fine, {"starttls": _INJECTED}, False))
    # The message was taken; that the goodbye of TLS is missing changes nothing.
    abrupt = _stand(run, Danger("no close_notify", (), _fine, {"dot": cut(b"250 2.0.0 taken\r\n")}))
    run.until(lambda: all(stand.tries() for stand in stands), "a try at each server", seconds=seconds)
    for stand in stands:
        run.notes += _faults_of(stand)
        _mend(stand.receiver)
    run.settle(seconds=seconds + 60)  # a try that was begun before the mending may hang, too
    for stand in (*stands, injected, abrupt):
        for message in stand.scene.messages:
            if (message.state, message.refusals) != (MessageState.SENT, 0):
                run.notes.append(f"{stand.danger.name}: {message.state} ({message.reason})")
    if any(command.startswith("AUTH PLAIN") for command in injected.receiver.commands):
        run.notes.append("an answer from before TLS was believed")
    if [len(stand.tries()) for stand in (injected, abrupt)] != [1, 1]:
        run.notes.append("a message that was taken was tried again")


def _stand(run: Run, danger: Danger) -> _Stand:
    receiver = run.receiver(danger.script, extensions=_EXTENSIONS, implicit=danger.implicit)
    receiver.tls = danger.tls() if danger.tls else None
    security = Security.TLS if danger.implicit else Security.STARTTLS
    server = plain_server(receiver.port, smtp_security=security, ca_pem=authority().pem)
    return _Stand(danger, receiver, run.scene(Cast(1, server)))


def _faults_of(stand: _Stand) -> list[str]:
    """Return what should not have happened at a server that cannot be trusted."""
    said = [command for command in stand.receiver.commands if command.partition(" ")[0] in {"AUTH", "MAIL"}]
    faults = [f"{stand.danger.name}: {command.partition(' ')[0]} was said" for command in said]
    if stand.receiver.body_bytes:
        faults.append(f"{stand.danger.name}: a message left")
    strange = [told for told in stand.tries() if not any(word in told for word in stand.danger.words)]
    return faults + [f"{stand.danger.name} is told as: {told[:300]}" for told in strange]


def _mend(receiver: Receiver) -> None:
    receiver.script = {}
    receiver.tls = _fine()
