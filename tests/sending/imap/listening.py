"""What the small servers of these tests consist of: a listening socket, threads that end with it, and a script."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from sending.chaos.faultsmtpd import Act


class Listening:
    """Each connection is served in a thread of its own (`_serve`); what is still open at the end is closed."""

    host = "127.0.0.1"
    port = 0

    def __enter__(self) -> Self:
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((self.host, 0))
        self._sockets = [self._listener]
        self.port = self._listener.getsockname()[1]
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        close(*self._sockets)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _run(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._sockets.append(connection)
                self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        raise NotImplementedError


def close(*sockets: socket.socket) -> None:
    for sock in sockets:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()


class _Over(Exception):
    """The script has ended the connection."""


@dataclass
class Scripted(Listening):
    """A server that does what its script says. tls: used when it is asked for, or from the first byte when `implicit`.

    heard: every line of the client.
    """

    script: Mapping[str, Act] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    port: int = 0
    heard: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        return super().__enter__()

    def __exit__(self, *args: object) -> None:
        self._over.set()
        super().__exit__(*args)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(_Over, OSError, ValueError):
            if self.implicit:
                connection = self._wrapped(connection)
            self._greet(connection)
            while self._converse(connection):
                connection = self._wrapped(connection)
        connection.close()

    def _greet(self, connection: socket.socket) -> None:
        raise NotImplementedError

    def _converse(self, connection: socket.socket) -> bool:
        """Answer until the client leaves; say whether TLS comes next."""
        raise NotImplementedError

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        assert self.tls is not None
        wrapped = self.tls.wrap_socket(connection, server_side=True)
        self._sockets.append(wrapped)
        return wrapped

    def _act(self, connection: socket.socket, act: Act, raw: bytes) -> None:
        """Say the bytes, and end as the act does."""
        for piece in (raw[n : n + 1] for n in range(len(raw))) if act.every_s else (raw,):
            connection.sendall(piece)
            time.sleep(act.every_s)
        if act.then == "hang":
            self._over.wait(30)
        if act.then != "go":
            raise _Over
