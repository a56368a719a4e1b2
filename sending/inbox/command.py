"""`outreach listen`: listen to mailboxes until asked to stop."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from outreach.env import env
from sending.inbox.listening import Listener

# Its age tells Docker whether the process still looks (docker-compose.yml).
_ALIVE = "listener"


def listen(echo: Callable[[str], None]) -> None:
    """Listen to as many mailboxes as OUTREACH_IDLE_SLOTS allows; with none, only wait to be asked to stop."""
    stop, slots = threading.Event(), env().idle_slots
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    echo(f"listening to at most {slots} mailboxes")
    Listener(slots, alive=Path(tempfile.gettempdir()) / _ALIVE).run(stop)
