"""Mailboxes with a Sent folder, into which their server files what it takes: what is in doubt there can be proved."""

from __future__ import annotations

from collections.abc import Mapping
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


def witnessed(
    run: Run, *, people: int, mailboxes: int = 1, script: Script | None = None, think_s: float = 0.0
) -> tuple[Scene, Receiver]:
    """Launch a scene whose mailboxes share a Sent folder; the oracle wants every doubt settled that it can settle."""
    world = SandboxWorld(run.servers.folder / f"sent-{run.seed}", {_ACCOUNT: _PASSWORD})
    run.stack.enter_context(world)
    columns: Mapping[str, Any] = {
        "imap_host": world.info.host, "imap_port": world.imap_port, "imap_security": Security.STARTTLS,
        "imap_username": _ACCOUNT, "ca_pem": world.ca_pem, "password": _PASSWORD,
    }  # fmt: skip
    keep_copy = partial(deliver, world.folder / "mail", _ACCOUNT, leaf=SENT)
    receiver = run.receiver(script, keep_copy=keep_copy, think_s=think_s)
    scene = run.scene(Cast(people, plain_server(receiver.port, **columns), mailboxes=mailboxes))
    run.witnessed.append(scene)
    return scene, receiver
