"""Mailboxes with a Sent folder, into which their server files what it takes: what is in doubt there can be proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sending.chaos.faultsmtpd import Script
from sending.chaos.receiver import Receiver
from sending.chaos.scene import Cast, Scene, plain_server
from sending.chaos.world import Run
from sending.sandbox.imapd import SENT, deliver
from sending.sandbox.world import SandboxWorld
from sending.smtp import Security

_ACCOUNT, _PASSWORD = "me@sent.test", "sandbox"


@dataclass(frozen=True, slots=True)
class Witness:
    """A server of one account, whose mails are files that a run may add to."""

    world: SandboxWorld

    @property
    def port(self) -> int:
        return self.world.imap_port

    def deliver(self, content: bytes) -> None:
        """Put a mail into the inbox."""
        deliver(self.world.folder / "mail", _ACCOUNT, content)

    def renumber(self) -> None:
        """Let the server forget all its UIDs: it begins anew with another UIDVALIDITY."""
        (self.world.folder / "mail" / _ACCOUNT / "dovecot-uidlist").unlink(missing_ok=True)


def witness_world(run: Run) -> Witness:
    """Start a server for as long as the run lasts."""
    world = SandboxWorld(run.servers.folder / f"sent-{run.seed}", {_ACCOUNT: _PASSWORD})
    run.stack.enter_context(world)
    return Witness(world)


def witnessed(
    run: Run, *, people: int, mailboxes: int = 1, script: Script | None = None, think_s: float = 0.0
) -> tuple[Scene, Receiver]:
    """Launch a scene whose mailboxes share a Sent folder; the oracle wants every doubt settled that it can settle."""
    return witnessed_by(run, witness_world(run), people=people, mailboxes=mailboxes, script=script, think_s=think_s)


def witnessed_by(  # noqa: PLR0913  # what a cast and a receiver are made of
    run: Run,
    witness: Witness,
    *,
    people: int,
    mailboxes: int = 1,
    steps: int = 1,
    script: Script | None = None,
    think_s: float = 0.0,
) -> tuple[Scene, Receiver]:
    """Launch a scene whose mailboxes are read at this witness."""
    world = witness.world
    columns: Mapping[str, Any] = {
        "imap_host": world.info.host, "imap_port": world.imap_port, "imap_security": Security.STARTTLS,
        "imap_username": _ACCOUNT, "ca_pem": world.ca_pem, "password": _PASSWORD,
    }  # fmt: skip
    keep_copy = partial(deliver, world.folder / "mail", _ACCOUNT, leaf=SENT)
    receiver = run.receiver(script, keep_copy=keep_copy, think_s=think_s)
    scene = run.scene(Cast(people, plain_server(receiver.port, **columns), mailboxes=mailboxes, steps=steps))
    run.witnessed.append(scene)
    return scene, receiver
