"""End a blocking connection after a while, however slowly the other side drips: each byte would renew its timeout."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class Watch:
    """Shuts a socket down most_s after the watch was made: connecting counts, too. end() must follow in any case."""

    def __init__(self, most_s: float) -> None:
        self.most_s = most_s
        self.has_barked = False
        self._ends = time.monotonic() + most_s
        self._twin: socket.socket | None = None
        self._timer: threading.Timer | None = None

    @property
    def left_s(self) -> float:
        """The seconds that are left, never less than nothing."""
        return max(self._ends - time.monotonic(), 0)

    def begin(self, sock: socket.socket) -> None:
        """Watch over this connection."""
        self._twin = sock.dup()  # TLS takes the socket over; what its twin shuts down is the connection itself
        self._timer = threading.Timer(self.left_s, self._bark)
        self._timer.daemon = True
        self._timer.start()

    def rest(self) -> None:
        """Look away: nothing is asked of the other side, which may be silent for long."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def again(self, most_s: float) -> None:
        """Watch from now on for most_s, as if it were a new connection."""
        self.rest()
        self.most_s, self._ends = most_s, time.monotonic() + most_s
        if self._twin is not None and not self.has_barked:
            self._timer = threading.Timer(most_s, self._bark)
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        """Let the connection be."""
        if self._timer is not None:
            self._timer.cancel()
        if self._twin is not None:
            self._twin.close()

    def _bark(self) -> None:
        self.has_barked = True
        with suppress(OSError):
            if self._twin is not None:
                self._twin.shutdown(socket.SHUT_RDWR)
