"""A scripted POP3 server on 127.0.0.1 that fails as told, in a thread of its own.

A script maps a step ("greeting", or a command's name: "CAPA", "USER", "PASS", "AUTH", "challenge", "LIST", "UIDL",
"RETR 1", ...) to an act of sending.chaos.faultsmtpd. What is not scripted goes well, for an account whose mails are
`mails`. `heard`
holds every line of the client.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from sending.chaos.faultsmtpd import Act, say


class _Over(Exception):
    """The script has ended the connection."""


@dataclass
class FaultPop3:
    """See the module. tls: used for STLS, or from the first byte when `implicit`. mails: by their unique ids."""

    script: Mapping[str, Act] = field(default_factory=dict)
    abilities: str = "TOP USER UIDL SASL(PLAIN XOAUTH2)"
    mails: dict[str, bytes] = field(default_factory=dict)
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
            self._do(connection, "greeting", b"+OK ready\r\n")
            while self._converse(connection):
                connection = self._wrapped(connection)
        connection.close()

    def _converse(self, connection: socket.socket) -> bool:
        """Answer until the client leaves; say whether TLS comes next."""
        with connection.makefile("rb") as incoming:
            for line in incoming:
                command = line.decode("utf-8", "replace").rstrip("\r\n")
                self.heard.append(command)
                if command == "STLS":
                    self._do(connection, command, b"+OK go ahead\r\n" if self.tls else b"-ERR no TLS here\r\n")
                    if self.tls:
                        return True
                elif command.startswith("AUTH ") and "AUTH" not in self.script:
                    self._do(connection, "question", b"+ \r\n")
                    self.heard.append(incoming.readline().decode().rstrip("\r\n"))
                    self._do(connection, "challenge", b"+OK welcome\r\n")
                    if self.script.get("challenge", say(b"")).raw.startswith(b"+ "):
                        self.heard.append(incoming.readline().decode().rstrip("\r\n"))
                        self._do(connection, "refusal", b"-ERR [AUTH] no\r\n")
                else:
                    self._do(connection, command, self._answer(command))
        return False

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        assert self.tls is not None
        wrapped = self.tls.wrap_socket(connection, server_side=True)
        self._connections.append(wrapped)
        return wrapped

    def _answer(self, command: str) -> bytes:
        verb, *words = command.split(" ")
        uidls = list(self.mails)
        match verb:
            case "CAPA":
                offered = self.abilities.replace("SASL(", "SASL ").replace(")", "").split(" SASL")
                lines = [*offered[0].split(), *(f"SASL{rest}" for rest in offered[1:])]
                return _listing([*lines, *(["STLS"] if self.tls else [])])
            case "LIST":
                return _listing([f"{n} {len(self.mails[uidl])}" for n, uidl in enumerate(uidls, 1)])
            case "UIDL":
                return _listing([f"{n} {uidl}" for n, uidl in enumerate(uidls, 1)])
            case "RETR" | "TOP" if 0 < int(words[0]) <= len(uidls):
                return b"+OK here\r\n" + _stuffed(self.mails[uidls[int(words[0]) - 1]]) + b".\r\n"
            case "USER" | "PASS" | "QUIT":
                return b"+OK\r\n"
        return b"-ERR what?\r\n"

    def _do(self, connection: socket.socket, step: str, usual: bytes) -> None:
        act = self.script.get(step) or self.script.get(step.split(" ", maxsplit=1)[0]) or say(usual)
        for piece in (act.raw[n : n + 1] for n in range(len(act.raw))) if act.every_s else (act.raw,):
            connection.sendall(piece)
            time.sleep(act.every_s)
        if act.then == "hang":
            self._over.wait(30)
        if act.then != "go":
            raise _Over


def _listing(lines: list[str]) -> bytes:
    return b"+OK\r\n" + "".join(f"{line}\r\n" for line in lines).encode() + b".\r\n"


def _stuffed(content: bytes) -> bytes:
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    ended = lines[:-1] if lines[-1] == b"" else lines
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in ended)
