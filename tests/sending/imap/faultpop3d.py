"""A scripted POP3 server on 127.0.0.1 that fails as told, in a thread of its own.

A script maps a step ("greeting", or a command's name: "CAPA", "USER", "PASS", "AUTH", "challenge", "LIST", "UIDL",
"RETR 1", ...) to an act of sending.chaos.faultsmtpd. What is not scripted goes well, for an account whose mails are
`mails`.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from sending.chaos.faultsmtpd import say
from tests.sending.imap.listening import Scripted


@dataclass
class FaultPop3(Scripted):
    """See the module. mails: by their unique ids."""

    abilities: str = "TOP USER UIDL SASL(PLAIN XOAUTH2)"
    mails: dict[str, bytes] = field(default_factory=dict)

    def _greet(self, connection: socket.socket) -> None:
        self._do(connection, "greeting", b"+OK ready\r\n")

    def _converse(self, connection: socket.socket) -> bool:
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
        self._act(connection, act, act.raw)


def _listing(lines: list[str]) -> bytes:
    return b"+OK\r\n" + "".join(f"{line}\r\n" for line in lines).encode() + b".\r\n"


def _stuffed(content: bytes) -> bytes:
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    ended = lines[:-1] if lines[-1] == b"" else lines
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in ended)
