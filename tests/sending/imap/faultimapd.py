"""A scripted IMAP server on 127.0.0.1 that fails as told, in a thread of its own.

A script maps a step ("greeting", or a command's name: "CAPABILITY", "LOGIN", "UID FETCH", ...) to an act of
sending.chaos.faultsmtpd; in its bytes {tag} stands for the command's tag. What is not scripted goes well, for an
account whose inbox is empty.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from sending.chaos.faultsmtpd import Act, say
from tests.sending.imap.listening import Scripted

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


@dataclass
class FaultImap(Scripted):
    """See the module."""

    capabilities: str = "IMAP4rev1 AUTH=PLAIN"

    def _greet(self, connection: socket.socket) -> None:
        self._do(connection, "greeting", b"")

    def _converse(self, connection: socket.socket) -> bool:
        for tag, name in self._commands(connection):
            self._answer(connection, name, tag)
            if name == "STARTTLS" and not isinstance(connection, ssl.SSLSocket):
                return True
        return False

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
        self._act(connection, act, act.raw.replace(b"{tag}", tag))
