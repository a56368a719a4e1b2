"""A wire between a client and a server that counts what comes back, and can be cut in the middle of it."""

from __future__ import annotations

import contextlib
import socket

from tests.sending.imap.listening import Listening, close


class Relay(Listening):
    """Listens on the host of its target. received: bytes from the server so far; after cut_after it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self._target = (host, port)
        self.received = 0
        self.cut_after: int | None = None
        self._forgotten: set[socket.socket] = set()

    def forget(self) -> None:
        """Carry nothing more over the connections that there are, and tell nobody, as routers do after a silence."""
        self._forgotten = set(self._sockets)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            far = socket.create_connection(self._target)
            self._sockets.append(far)
            self._run(self._carry, connection, far, False)
            self._carry(far, connection, True)

    def _carry(self, source: socket.socket, target: socket.socket, counts: bool) -> None:  # noqa: FBT001
        with contextlib.suppress(OSError):
            while piece := source.recv(16_384):
                if source in self._forgotten:
                    continue
                if counts:
                    self.received += len(piece)
                    if self.cut_after is not None and self.received > self.cut_after:
                        break
                target.sendall(piece)
        close(source, target)
