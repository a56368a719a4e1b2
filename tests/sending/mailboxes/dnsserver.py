"""A DNS server on loopback that answers as told, and the resolver that asks it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import dns.resolver
from dnslib import QTYPE, RCODE, RR, DNSRecord
from dnslib.server import DNSHandler, DNSLogger, DNSServer


class FakeDns:
    """Serves a zone; `silent` names get no answer before the server ends, `broken` ones SERVFAIL."""

    def __init__(
        self, zone: str, *, silent: frozenset[str] = frozenset(), broken: frozenset[str] = frozenset()
    ) -> None:
        self._rows = RR.fromZone(zone)
        self._silent, self._broken = silent, broken
        self._over = threading.Event()
        self.asked: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        self._server = DNSServer(self, address="127.0.0.1", port=0, logger=DNSLogger("-request,-reply,-truncated"))
        self._server.start_thread()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.stop()
        self._server.server.server_close()

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        self.asked.append((name, kind))
        if name in self._silent:
            self._over.wait(30)
        reply = request.reply()
        if name in self._broken:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        known = [row for row in self._rows if str(row.rname).rstrip(".").lower() == name]
        for row in known:
            if QTYPE[row.rtype] == kind:
                reply.add_answer(row)
        if not known:
            reply.header.rcode = RCODE.NXDOMAIN
        return reply

    def resolver(self) -> dns.resolver.Resolver:
        found = dns.resolver.Resolver(configure=False)
        found.nameservers = ["127.0.0.1"]
        found.port = self._server.server.server_address[1]
        return found
