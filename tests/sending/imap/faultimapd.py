"""A scripted IMAP server on 127.0.0.1 that fails as told, in a thread of its own.

A script maps a step ("greeting", or a command's name: "CAPABILITY", "LOGIN", "UID FETCH", ...) to an act of
sending.chaos.faultsmtpd; in its bytes {tag} stands for the command's tag. What is not scripted goes well, for an
account whose inbox is empty. `heard` holds every line of the client.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from sending.chaos.faultsmtpd import Act, say

_DEFAULTS = {
    "greeting": say(b"* OK ready\r\n"),
    "STARTTLS": say(b"{tag} OK go ahead\r\n"),
    "AUTHENTICATE": say(b"{tag} OK welcome\r\n"),
    "LOGIN": say(b"{tag} OK welcome\r\n"),
    "LIST": say(b'* LIST () "/" INBOX\r\n{tag} OK done\r\n'),
    "EXAMINE": say(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 1]\r\n{tag} OK done\r\n"),
    "UID SEARCH": say(b"* SEARCH\r\n{tag} OK done\r\n"),
    "UID FETCH": say(b"{tag} OK done\r\n"),
    "LOGOUT": say(b"* BYE\r\n{tag} OK done\r\n"),
}


class _Over(Exception):
    """The script has ended the connection."""


@dataclass
class FaultImap:
    """See the module. tls: used for STARTTLS, or from the first byte when `implicit`."""

    script: Mapping[str, Act] = field(default_factory=dict)
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    port: int = 0
    heard: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for sock in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _run(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(_Over, OSError, ValueError):
            if self.implicit:
                connection = self._wrapped(connection)
            self._do(connection, "greeting", b"")
            for tag, name in self._commands(connection):
                if name == "STARTTLS":
                    self._do(connection, name, tag)
                    connection = self._wrapped(connection)
                    self._converse(connection)
                    break
                self._answer(connection, name, tag)
        connection.close()

    def _converse(self, connection: socket.socket) -> None:
        for tag, name in self._commands(connection):
            self._answer(connection, name, tag)

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        assert self.tls is not None
        wrapped = self.tls.wrap_socket(connection, server_side=True)
        self._connections.append(wrapped)
        return wrapped

    def _commands(self, connection: socket.socket) -> Iterator[tuple[bytes, str]]:
        with connection.makefile("rb") as incoming:
            for line in incoming:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self.heard.append(text)
                tag, *words = text.split(" ")
                if words:
                    name = " ".join(words[:2] if words[0] == "UID" else words[:1])
                    if name == "AUTHENTICATE" and name not in self.script:
                        connection.sendall(b"+ \r\n")
                        self.heard.append(incoming.readline().decode().rstrip("\r\n"))
                    yield tag.encode(), name

    def _answer(self, connection: socket.socket, name: str, tag: bytes) -> None:
        if name == "CAPABILITY" and name not in self.script:
            offered = self.capabilities
            if self.tls is not None and not isinstance(connection, ssl.SSLSocket):
                offered += " STARTTLS"
            self._say(connection, say(f"* CAPABILITY {offered}\r\n{{tag}} OK done\r\n".encode()), tag)
        else:
            self._do(connection, name, tag)

    def _do(self, connection: socket.socket, step: str, tag: bytes) -> None:
        self._say(connection, self.script.get(step) or _DEFAULTS.get(step, say(b"{tag} BAD what?\r\n")), tag)

    def _say(self, connection: socket.socket, act: Act, tag: bytes) -> None:
        raw = act.raw.replace(b"{tag}", tag)
        for piece in (raw[n : n + 1] for n in range(len(raw))) if act.every_s else (raw,):
            connection.sendall(piece)
            time.sleep(act.every_s)
        if act.then == "hang":
            self._over.wait(30)
        if act.then != "go":
            raise _Over
