"""TLS sessions that are taken up again: a mailbox that connects for each message proves its server once, not each time.

asyncio has no argument for a session, yet it asks the context for each connection's TLS object: the context adds it.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from typing import Any, Self

# Hosts whose last session is kept; a session is some kilobytes.
_MOST = 500


class ResumingContext(ssl.SSLContext):
    """A client's context that offers a host the session it had with it last (RFC 8446 section 2.2).

    A session is kept only after the certificate and the host name were verified, under that name and in the context
    whose authorities verified them: whoever takes it up again has proved that it is the same server.
    """

    _sessions: OrderedDict[str, ssl.SSLSession]

    def __new__(cls, *args: Any, **options: Any) -> Self:
        context = super().__new__(cls, *args, **options)
        context._sessions = OrderedDict()
        return context

    def wrap_bio(  # the standard library's own signature
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Return the TLS object of a connection, with the host's last session where there is one."""
        if session is None and isinstance(server_hostname, str):
            session = self._sessions.get(server_hostname)
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def keep(self, connection: ssl.SSLObject) -> None:
        """Keep the session of a connection that is up, whose server has sent it with its first words.

        One that was taken up again is not replaced: reading a session costs as much as it saves.
        """
        host = connection.server_hostname
        if host is None or connection.session_reused:
            return
        session = connection.session
        if session is None or not session.has_ticket:
            return
        self._sessions[host] = session
        self._sessions.move_to_end(host)
        if len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)

    def forget(self, host: str) -> None:
        """Drop the host's session: a connection that offered it has failed."""
        self._sessions.pop(host, None)
