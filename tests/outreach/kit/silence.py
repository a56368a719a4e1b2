"""Addresses of this machine at which nobody answers, not even with a refusal."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def silent(*hosts: str, port: int = 0) -> Iterator[int]:
    """Yield a port (this one, or any) that answers at none of the hosts."""
    with contextlib.ExitStack() as stack:
        for host in hosts:
            full = stack.enter_context(socket.socket())
            full.bind((host, port))
            full.listen(0)
            port = full.getsockname()[1]
            for _ in range(4):  # a full backlog answers no further connection
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((host, port))
        yield port
