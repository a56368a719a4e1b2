"""End a blocking connection after a while, however slowly the other side drips: each byte would renew its timeout."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Watch:
    """Shuts a socket down after most_s. end() must follow in any case."""

    def __init__(self, most_s: float) -> None:
        self.most_s = most_s
        self.has_barked = False
        self._twin: socket.socket | None = None
        self._timer = threading.Timer(most_s, self._bark)
        self._timer.daemon = True

    def begin(self, sock: socket.socket) -> None:
        self._twin = sock.dup()  # TLS takes the socket over; what its twin shuts down is the connection itself
        self._timer.start()

    def end(self) -> None:
        self._timer.cancel()
        if self._twin is not None:
            self._twin.close()

    def _bark(self) -> None:
        self.has_barked = True
        with suppress(OSError):
            if self._twin is not None:
                self._twin.shutdown(socket.SHUT_RDWR)
