"""A DNS server on loopback that answers as told, over UDP and TCP, and the resolvers that ask it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

import dns.asyncresolver
import dns.nameserver
import dns.resolver
from dnslib import QTYPE, RCODE, RR, DNSRecord
from dnslib.server import DNSHandler, DNSLogger, DNSServer

_TRIES = 50
_POLL_S = 0.02  # how soon a server that is to end notices it
_UDP_BYTES = 1232  # what does not fit is cut, and asked for again over TCP


class FakeDns:
    """Serves a zone; `silent` names get no answer before the server ends, `broken` ones SERVFAIL."""

    def __init__(
        self, zone: str, *, silent: frozenset[str] = frozenset(), broken: frozenset[str] = frozenset()
    ) -> None:
        self._rows = RR.fromZone(zone)
        self._silent, self._broken = silent, broken
        self._over = threading.Event()
        self.asked: list[tuple[str, str]] = []
        self.over_tcp: list[str] = []

    def __enter__(self) -> Self:
        self._servers = self._opened()
        self.port: int = self._servers[0].server_address[1]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(_POLL_S,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _opened(self) -> list[Any]:
        """Return servers of both protocols at one port, which somebody else may have in one of them."""
        logger = DNSLogger("-request,-reply,-truncated")
        for _ in range(_TRIES):
            udp = DNSServer(self, address="127.0.0.1", port=0, logger=logger).server
            try:
                tcp = DNSServer(self, address="127.0.0.1", port=udp.server_address[1], tcp=True, logger=logger).server
            except OSError:
                udp.server_close()
            else:
                return [udp, tcp]
        raise AssertionError("no port is free for both protocols")

    def serve(self, zone: str) -> None:
        """Answer from another zone, and leave nobody without an answer, from now on."""
        self._rows = RR.fromZone(zone)
        self._silent = self._broken = frozenset()

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        self.asked.append((name, kind))
        if handler.protocol == "tcp":
            self.over_tcp.append(name)
        if name in self._silent:
            self._over.wait(30)
        reply = request.reply()
        if name in self._broken:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        known = self._rows_of(name)
        while known and QTYPE[known[0].rtype] == "CNAME" and kind != "CNAME":
            reply.add_answer(known[0])
            known = self._rows_of(str(known[0].rdata.label).rstrip(".").lower())
        for row in known:
            if QTYPE[row.rtype] == kind:
                reply.add_answer(row)
        if not known:
            reply.header.rcode = RCODE.NXDOMAIN
        if handler.protocol == "udp" and len(reply.pack()) > _UDP_BYTES:
            reply = request.reply()
            reply.header.tc = 1
        return reply

    def resolver(self) -> dns.resolver.Resolver:
        """Return a resolver that asks this server alone."""
        found = dns.resolver.Resolver(configure=False)
        self._set_up(found)
        return found

    def async_resolver(self) -> dns.asyncresolver.Resolver:
        """Return a resolver for an event loop that asks this server alone."""
        found = dns.asyncresolver.Resolver(configure=False)
        self._set_up(found)
        return found

    def _set_up(self, found: dns.resolver.BaseResolver) -> None:
        found.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", self.port)]

    def _rows_of(self, name: str) -> list[RR]:
        return [row for row in self._rows if str(row.rname).rstrip(".").lower() == name]
