"""Mailboxes at real servers that fail as told, and what a connection test stored about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest

from outreach.accounts.access import Member
from sending.chaos.certificates import authority
from sending.chaos.faultsmtpd import Act, FaultServer, say, serving_in_thread
from sending.mailboxes.models import ConnectionTest, Mailbox
from sending.mailboxes.testing import test_connections as try_connections
from tests.builders import make_mailbox
from tests.sending.imap.faultimapd import FaultImap

Server = AbstractContextManager[Any]


@contextmanager
def connected(member: Member, **values: Any) -> Iterator[Mailbox]:
    """A mailbox at two servers (smtp, imap), each of them good and without TLS unless another is given."""
    servers: dict[str, Server] = {"smtp": values.pop("smtp", smtp_of({})), "imap": values.pop("imap", FaultImap())}
    with ExitStack() as stack:
        columns: dict[str, Any] = {"ca_pem": authority().pem}
        for protocol, server in servers.items():
            running = stack.enter_context(server)
            security = "plain" if running.tls is None else "tls" if running.implicit else "starttls"
            columns |= {f"{protocol}_port": running.port, f"{protocol}_security": security}
        yield make_mailbox(member.workspace, **(columns | values))


def smtp_of(script: dict[str, Act], **values: Any) -> Server:
    return serving_in_thread(FaultServer(script, **values))


def server_of(protocol: str, script: dict[str, Act] | None = None, **values: Any) -> Server:
    return FaultImap(script or {}, **values) if protocol == "imap" else smtp_of(script or {}, **values)


def outcome(mailbox: Mailbox, protocol: str) -> ConnectionTest:
    """Try both; return what was stored for this protocol. The other server has let us in."""
    rows = {row.protocol: row for row in try_connections(mailbox)}
    assert set(rows) == {"smtp", "imap"}
    assert ConnectionTest.objects.filter(mailbox=mailbox).count() == 2
    (other,) = set(rows) - {protocol}
    assert rows[other].passed
    assert not rows[protocol].passed
    return ConnectionTest.objects.get(pk=rows[protocol].pk)


def words_of(row: ConnectionTest) -> str:
    return f"{row.what}|{row.why}|{row.fix}"


BOTH = pytest.mark.parametrize("protocol", ["smtp", "imap"])
WRONG = {"auth": say(b"535 5.7.8 wrong\r\n"), "AUTHENTICATE": say(b"{tag} NO [AUTHENTICATIONFAILED] wrong\r\n")}
