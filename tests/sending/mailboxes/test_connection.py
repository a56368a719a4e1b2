"""The connection test against real sockets: each failure of either server is named and explained."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from outreach.accounts.access import Member
from sending.chaos.certificates import Pair, leaf, server_context
from sending.chaos.faultsmtpd import Act, drip, hang, say
from sending.mailboxes import testing
from sending.mailboxes.models import Mailbox
from sending.mailboxes.testing import test_connections as try_connections
from tests.sending.imap.faultimapd import FaultImap
from tests.sending.mailboxes.servers import BOTH, connected, outcome, server_of

pytestmark = pytest.mark.django_db


@BOTH
def test_a_port_where_nobody_listens_is_told(member: Member, protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with connected(member, **{f"{protocol}_port": port}) as mailbox:
        row = outcome(mailbox, protocol)
    assert row.what == f"Nothing listens at 127.0.0.1 on port {port}."
    assert "answers on this port" in row.why
    assert {"smtp": "587", "imap": "993"}[protocol] in row.fix


@BOTH
def test_a_port_that_speaks_another_protocol_is_told(member: Member, protocol: str) -> None:
    stranger = FaultImap({"greeting": say(b"SSH-2.0-OpenSSH_9.2\r\n")})
    with connected(member, **{protocol: stranger}) as mailbox:
        row = outcome(mailbox, protocol)
    assert "not" in row.what
    assert "What answers on this port" in row.why
    assert "Check host and port" in row.fix


def test_the_ports_of_both_protocols_exchanged_are_told(member: Member) -> None:
    with connected(member) as mailbox:
        Mailbox.objects.update(smtp_port=mailbox.imap_port, imap_port=mailbox.smtp_port)
        smtp, imap = try_connections(Mailbox.objects.get())
    assert "not a mail server" in smtp.why
    assert "server for sending" in imap.why
    assert "993" in imap.fix


CERTIFICATES: dict[str, tuple[Callable[[], Pair], str, str]] = {
    "expired": (partial(leaf, first_day=-9, last_day=-2), "has expired", "renew the certificate"),
    "other host": (partial(leaf, "mail.elsewhere.test"), "made for another name", "host name that your provider"),
    "unknown": (partial(leaf, self_signed=True), "Nobody whom this machine trusts", "add its certificate"),
}


@BOTH
@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_a_bad_certificate_is_told_and_hears_no_password(
    member: Member, protocol: str, certificate: str, *, implicit: bool
) -> None:
    pair, why, fix = CERTIFICATES[certificate]
    bad = server_of(protocol, tls=server_context(pair()), implicit=implicit)
    with connected(member, **{protocol: bad}) as mailbox:
        row = outcome(mailbox, protocol)
    assert "certificate" in row.what
    assert why in row.why
    assert "the password is not sent to it" in row.why
    assert fix in row.fix
    assert "AUTH" not in "".join(line["text"] for line in row.transcript if line["side"] == "client")


@BOTH
def test_tls_where_the_port_wants_starttls_is_told(member: Member, protocol: str) -> None:
    with connected(member, **{f"{protocol}_security": "tls"}) as mailbox:
        row = outcome(mailbox, protocol)
    assert "does not seem to speak TLS from the first byte" in row.why
    assert "Choose STARTTLS" in row.fix


@BOTH
def test_starttls_where_the_port_speaks_tls_at_once_is_told(member: Member, protocol: str) -> None:
    secure = server_of(protocol, tls=server_context(leaf()), implicit=True)
    with connected(member, **{protocol: secure}, **{f"{protocol}_security": "starttls"}) as mailbox:
        row = outcome(mailbox, protocol)
    assert "may be waiting for TLS" in row.why
    assert "Choose TLS" in row.fix


@BOTH
def test_a_host_that_does_not_resolve_is_told(member: Member, protocol: str) -> None:
    with connected(member, **{f"{protocol}_host": "no-such-host..invalid"}) as mailbox:
        row = outcome(mailbox, protocol)
    assert row.what == "The name no-such-host..invalid does not resolve to any address."
    assert "typing error" in row.why
    assert "Check the host name" in row.fix


@BOTH
@pytest.mark.parametrize("step", [{"banner": hang(), "greeting": hang()}, {"auth": hang(), "AUTHENTICATE": hang()}])
def test_a_silent_server_is_left_and_told(member: Member, protocol: str, step: dict[str, Act]) -> None:
    with connected(member, **{protocol: server_of(protocol, step)}) as mailbox:
        row = outcome(mailbox, protocol)
    assert row.what.startswith("No answer in time")
    assert row.why
    assert row.fix


@BOTH
def test_a_server_that_drips_is_left_when_a_person_has_waited_long_enough(
    member: Member, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "MOST_S", 0.5)
    monkeypatch.setattr(testing, "TIMEOUTS", replace(testing.TIMEOUTS, greeting=9, command=9))
    slow = {name: drip(b"220 * OK" + b"x" * 1_000 + b"\r\n", every_s=0.02) for name in ("banner", "greeting")}
    with connected(member, **{protocol: server_of(protocol, slow)}) as mailbox:
        row = outcome(mailbox, protocol)
    assert row.what == "The server had not done within 0.5 s."
    assert row.fix


@BOTH
@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("10.0.0.1", None, "points to an address that this server does not connect to"),
        ("192.168.1.1", None, "OUTREACH_PRIVATE_NETWORKS"),
        ("169.254.169.254", None, "OUTREACH_PRIVATE_NETWORKS"),
        ("8.8.8.8", 6379, "Port 6379 is not used for this"),
        ("8.8.8.8", 80, "Port 80 is not used for this"),
    ],
)
def test_inner_hosts_and_odd_ports_are_refused_before_a_packet_leaves(
    member: Member, protocol: str, host: str, port: int | None, words: str
) -> None:
    usual = {"smtp": 587, "imap": 993}[protocol]
    with connected(member, **{f"{protocol}_host": host, f"{protocol}_port": port or usual}) as mailbox:
        row = outcome(mailbox, protocol)
    assert words in row.what
    assert "inner networks are closed by default" in row.why
    assert "can open private ranges" in row.fix
    assert [line["side"] for line in row.transcript] == ["note"]


@pytest.mark.parametrize("port", [25, 465, 587, 2525])
def test_the_ports_of_submission_are_named_when_another_is_refused(member: Member, port: int) -> None:
    with connected(member, smtp_host="8.8.8.8", smtp_port=26) as mailbox:
        row = outcome(mailbox, "smtp")
    assert str(port) in row.what
    assert str(port) in row.why


def test_this_machine_is_closed_unless_the_owner_opens_it(member: Member, setting: Callable[[str, str], None]) -> None:
    with connected(member) as mailbox:
        setting("OUTREACH_PRIVATE_NETWORKS", "10.0.0.0/8")
        assert [row.passed for row in try_connections(mailbox)] == [False, False]
        assert "OUTREACH_PRIVATE_NETWORKS" in try_connections(mailbox)[0].what
        setting("OUTREACH_PRIVATE_NETWORKS", "127.0.0.0/8")
        assert [row.passed for row in try_connections(mailbox)] == [True, True]
