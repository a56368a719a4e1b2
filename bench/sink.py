"""A server that takes every message and keeps none: it runs apart, so that its work is not counted as ours."""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import cast

from outreach.kit import loops

_EHLO = b"250-sink.test\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"


class Sink(asyncio.Protocol):
    """The smallest dialogue that is still SMTP, pipelining included."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are none by name
        self._buffer = b""
        self._in_body = False
        self._transport.write(b"220 sink.test\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            if self._in_body:
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return
                self._buffer, self._in_body = self._buffer[end + 5 :], False
                self._transport.write(b"250 2.0.0 taken\r\n")
                continue
            line, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                return
            self._buffer = rest
            self._answer(line[:4].upper())

    def _answer(self, verb: bytes) -> None:
        if verb == b"EHLO":
            self._transport.write(_EHLO)
        elif verb == b"DATA":
            self._in_body = True
            self._transport.write(b"354 go on\r\n")
        elif verb == b"AUTH":
            self._transport.write(b"235 2.7.0 welcome\r\n")
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 ok\r\n")


async def main() -> None:
    """Listen on a free port, print it, and serve until standard input closes; over TLS with a certificate and key."""
    loop = asyncio.get_running_loop()
    papers = sys.argv[1:3]
    context = None
    if papers:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*papers)
    server = await loop.create_server(Sink, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    loops.run(main())
