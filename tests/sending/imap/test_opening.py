"""Connecting and signing in: each way in which it can fail, told apart, explained, and without a secret."""

from __future__ import annotations

import logging
import socket
import time
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from outreach.kit import connect
from sending.chaos.certificates import Pair, authority, leaf, server_context
from sending.chaos.faultsmtpd import Act, close, drip, hang, reset, say
from sending.imap import (
    Account,
    ImapError,
    Misbehaved,
    SignInRefused,
    Stage,
    Unreachable,
    explain,
    line,
    open_mailbox,
)
from sending.smtp import Security
from tests.outreach.kit.silence import silent
from tests.sending.imap.faultimapd import FaultImap
from tests.sending.imap.post import LOOPBACK

PASSWORD = "correct horse battery"
NAME = "ada@sender.test"
SILENCE_S = 0.3


def account(server: FaultImap, **changes: Any) -> Account:
    """Return an account that fits what the server speaks."""
    security = Security.PLAIN if server.tls is None else Security.TLS if server.implicit else Security.STARTTLS
    known = {"username": NAME, "password": PASSWORD, "ca_pem": authority().pem, "private": LOOPBACK}
    return Account(**{"host": "127.0.0.1", "port": server.port, "security": security, **known, **changes})


def failing(where: Account, *, most_s: float = 5) -> ImapError:
    """Return why the mailbox cannot be opened; fails when it can."""
    with pytest.raises(ImapError) as caught, open_mailbox(where, timeout_s=SILENCE_S, most_s=most_s):
        pass
    return caught.value


def told(error: ImapError) -> str:
    return "\n".join(line.text for line in error.dialogue)


def secure(pair: Callable[[], Pair] = leaf, *, implicit: bool, **script: Act) -> FaultImap:
    return FaultImap(script, tls=server_context(pair()), implicit=implicit)


CERTIFICATES = {
    "certificate_dates": (partial(leaf, first_day=-9, last_day=-2), "expired", "renew the certificate"),
    "certificate_host": (partial(leaf, "mail.elsewhere.test"), "another name", "host name that your provider gives"),
    "certificate_issuer": (partial(leaf, self_signed=True), "Nobody whom this machine trusts", "add its certificate"),
}


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("cause", CERTIFICATES)
def test_a_bad_certificate_is_told_before_the_password(cause: str, *, implicit: bool) -> None:
    pair, why, fix = CERTIFICATES[cause]
    with secure(pair, implicit=implicit) as server:
        error = failing(account(server))
        explanation = explain(error, account(server))
        assert not any("AUTH" in line or "LOGIN" in line for line in server.heard)
    assert isinstance(error, Unreachable)
    assert error.cause == cause
    assert "The certificate is not valid" in explanation.what
    assert why in explanation.why
    assert "the password is not sent to it" in explanation.why
    assert fix in explanation.fix


@pytest.mark.parametrize("implicit", [True, False])
def test_the_dot_behind_a_host_is_no_part_of_its_name(*, implicit: bool) -> None:
    with secure(partial(leaf, "localhost"), implicit=implicit) as server:
        where = account(server, host="localhost.", private=(*LOOPBACK, ip_network("::1/128")))
        with open_mailbox(where, timeout_s=2) as reader:
            assert reader.folders()[0].name == "INBOX"


def test_an_authority_that_is_none_is_told() -> None:
    with secure(implicit=True) as server:
        error = failing(account(server, ca_pem="no certificate"))
    assert (error.cause, error.stage) == ("authority", Stage.CONNECT)
    assert "BEGIN CERTIFICATE" in explain(error, account(server)).fix


@pytest.mark.parametrize(
    ("line", "cause", "why"),
    [
        (b"220 mail.test ESMTP\r\n", "smtp", "server for sending"),
        (b"+OK POP3 ready\r\n", "pop3", "POP3"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "garbage", "does not speak IMAP"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "garbage", "does not speak IMAP"),
        (b"\x00\xff\xfe\r\n", "garbage", "does not speak IMAP"),
    ],
)
def test_a_port_that_speaks_another_protocol_is_told(line: bytes, cause: str, why: str) -> None:
    with FaultImap({"greeting": say(line)}) as server:
        error = failing(account(server))
        explanation = explain(error, account(server))
        assert server.heard == []
    assert isinstance(error, Misbehaved)
    assert (error.cause, error.stage) == (cause, Stage.GREETING)
    assert why in explanation.why
    assert "993" in explanation.fix
    assert line.decode("utf-8", "replace").strip()[1:6].replace("\x00", "\ufffd") in told(error)
    assert "\x00" not in told(error)


def test_tls_from_the_first_byte_on_a_port_that_wants_starttls_is_told() -> None:
    with FaultImap() as server:
        where = account(server, security=Security.TLS)
        error = failing(where)
    assert (error.cause, error.stage) == ("tls", Stage.TLS)
    assert "STARTTLS" in explain(error, where).fix


def test_starttls_on_a_port_that_speaks_tls_from_the_first_byte_is_told() -> None:
    with secure(implicit=True) as server:
        where = account(server, security=Security.STARTTLS)
        error = failing(where)
    assert (error.cause, error.stage) == ("timeout", Stage.GREETING)
    assert "Choose TLS" in explain(error, where).fix


def test_a_server_that_offers_no_starttls_never_hears_the_password() -> None:
    with FaultImap() as server:
        where = account(server, security=Security.STARTTLS)
        error = failing(where)
        assert [line.split(" ", 1)[1] for line in server.heard] == ["CAPABILITY"]
    assert (error.cause, error.stage) == ("no_starttls", Stage.STARTTLS)
    assert "Choose TLS on port 993" in explain(error, where).fix


def test_what_was_said_before_tls_counts_for_nothing() -> None:
    """Somebody on the way slips a list of abilities in behind the yes to STARTTLS (CVE-2011-0411)."""
    script = {"STARTTLS": say(b"{tag} OK yes\r\n* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nAAAA9 OK\r\n")}
    with FaultImap(script, tls=server_context(leaf())) as server:
        with open_mailbox(account(server), timeout_s=2) as reader:
            assert reader.folders()[0].name == "INBOX"
        assert [line.split(" ", 1)[1] for line in server.heard if " " in line].count("CAPABILITY") >= 2
        assert "LOGINDISABLED" not in "".join(line.text for line in reader.dialogue)


def test_a_sign_in_that_nobody_asked_for_is_not_believed() -> None:
    with FaultImap({"greeting": say(b"* PREAUTH come in\r\n")}, tls=server_context(leaf())) as server:
        error = failing(account(server))
    assert (type(error), error.stage) == (Misbehaved, Stage.STARTTLS)


@pytest.mark.parametrize(
    ("answer", "kind", "cause", "fix"),
    [
        (b"NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", SignInRefused, "sign_in", "Type both again"),
        (b"NO LOGIN failed.", SignInRefused, "sign_in", "Type both again"),
        (b"NO [ALERT] Application-specific password required: https://x.test (Failure)", SignInRefused, "sign_in",
         "Create an app password"),
        (b"NO [ALERT] Your account is not enabled for IMAP use.", SignInRefused, "sign_in", "Switch IMAP on"),
        (b"NO [UNAVAILABLE] Temporary authentication failure.", Unreachable, "busy", "Wait"),
        (b"NO [ALERT] Too many simultaneous connections. (Failure)", Unreachable, "busy", "Wait"),
        (b"NO [LIMIT] Rate limit hit.", Unreachable, "busy", "Wait"),
        (b"NO User is authenticated but not connected.", Unreachable, "busy", "Wait"),
        (b"BAD Command Argument Error. 12", Misbehaved, "refused", "Look at its words"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("capabilities", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"])
def test_a_refused_sign_in_is_quoted_and_judged(
    capabilities: str, answer: bytes, kind: type[ImapError], cause: str, fix: str
) -> None:
    name = "AUTHENTICATE" if "AUTH" in capabilities else "LOGIN"
    with FaultImap({name: say(b"{tag} " + answer + b"\r\n")}, capabilities=capabilities) as server:
        error = failing(account(server))
        explanation = explain(error, account(server))
        assert [line.split(" ")[1] for line in server.heard].count(name) == 1, "a refused password is not tried twice"
    assert (type(error), error.cause, error.stage) == (kind, cause, Stage.SIGN_IN)
    assert explanation.what == f"The server answered: {answer.decode()}"
    assert fix in explanation.fix


@pytest.mark.parametrize("step", ["greeting", "CAPABILITY", "AUTHENTICATE"])
def test_a_goodbye_is_quoted_and_means_later(step: str) -> None:
    with FaultImap({step: close(b"* BYE Too many connections from your host\r\n")}) as server:
        error = failing(account(server))
    assert isinstance(error, Unreachable)
    assert error.cause == "busy"
    assert str(error) == "The server answered: BYE Too many connections from your host"
    assert "The password is not to blame" in explain(error, account(server)).fix


@pytest.mark.parametrize("act", [close(), reset(), close(b"* OK he")])
@pytest.mark.parametrize("step", ["greeting", "CAPABILITY", "AUTHENTICATE"])
def test_a_connection_that_ends_is_told_with_its_place(step: str, act: Act) -> None:
    with FaultImap({step: act}) as server:
        error = failing(account(server))
        fix = explain(error, account(server)).fix
    stage = Stage.SIGN_IN if step == "AUTHENTICATE" else Stage.GREETING
    assert (type(error), error.cause, str(error)) == (Unreachable, "lost", f"The connection was lost ({stage}).")
    assert ("Choose TLS for this port" in fix) is (stage is Stage.GREETING)


@pytest.mark.parametrize("step", ["greeting", "CAPABILITY", "AUTHENTICATE"])
def test_a_silent_server_is_left_in_time(step: str) -> None:
    with FaultImap({step: hang()}) as server:
        began = time.monotonic()
        error = failing(account(server))
        assert SILENCE_S <= time.monotonic() - began < 3
    assert (type(error), error.cause) == (Unreachable, "timeout")
    assert str(error).startswith("No answer in time (")


@pytest.mark.parametrize("step", ["greeting", "AUTHENTICATE"])
def test_a_server_that_drips_is_left_in_time(step: str) -> None:
    with FaultImap({step: drip(b"* OK " + b"x" * 1_000 + b"\r\n", every_s=0.02)}) as server:
        began = time.monotonic()
        error = failing(account(server), most_s=0.8)
        assert 0.7 < time.monotonic() - began < 3
    assert (type(error), error.cause) == (Unreachable, "timeout")
    assert str(error) == "The server had not done within 0.8 s."


def test_an_address_that_is_silent_takes_from_the_time_for_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [(socket.AF_INET, ip_address(one)) for one in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(connect, "_resolve", lambda _host, _port: addresses)
    steps = {"greeting": drip(b"* OK " + b"x" * 1_000 + b"\r\n", every_s=0.02)}
    with FaultImap(steps) as server, silent("127.0.0.2", port=server.port):
        began = time.monotonic()
        where = account(server, host="slow.test")
        with pytest.raises(Unreachable) as caught, open_mailbox(where, timeout_s=5, most_s=1):
            pass
        assert 0.9 < time.monotonic() - began < 1.5
    assert str(caught.value) == "The server had not done within 1 s."


def test_a_server_that_talks_without_end_is_cut_off() -> None:
    with FaultImap({"greeting": say(b"* OK " + b"x" * 9_000_000)}) as server:
        error = failing(account(server))
    assert (type(error), error.cause) == (Misbehaved, "too_much")


def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    where = account(FaultImap(port=port))
    error = failing(where)
    assert (error.cause, str(error)) == ("no_connection", f"Nothing listens at 127.0.0.1 on port {port}.")
    assert "993" in explain(error, where).fix


@pytest.mark.parametrize(
    ("changes", "cause", "words"),
    [
        ({"host": "no-such-host..invalid"}, "unknown_host", "does not resolve"),
        ({"host": "10.0.0.1", "port": 993}, "blocked_address", "OUTREACH_PRIVATE_NETWORKS"),
        ({"private": ()}, "blocked_address", "OUTREACH_PRIVATE_NETWORKS"),
        ({"host": "8.8.8.8", "port": 25}, "blocked_address", "Use one of 143, 993"),
        ({"host": "8.8.8.8", "port": 6379}, "blocked_address", "Use one of 143, 993"),
    ],
)
def test_a_place_where_no_mailbox_can_be_is_told_before_a_packet_leaves(
    changes: dict[str, Any], cause: str, words: str
) -> None:
    with FaultImap() as server:
        error = failing(account(server, **changes))
        assert server.heard == []
    assert (type(error), error.cause, error.stage) == (Unreachable, cause, Stage.CONNECT)
    assert words in str(error)


def test_an_open_line_is_only_for_networks_that_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def dialled(_host: str, _port: int, **_: object) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.port))  # in place of a host of the public internet

    monkeypatch.setattr(line, "safe_connect_sync", dialled)
    with FaultImap() as server:
        error = failing(account(server, host="8.8.8.8", private=()))
        assert server.heard == []
    assert (type(error), error.cause) == (Unreachable, "insecure")
    assert "never sent over an unprotected connection" in str(error)
    assert "Choose TLS" in explain(error, account(server)).fix


@pytest.mark.parametrize("secret", ["line\nbreak", "nul\x00", "half \ud800"])
def test_a_secret_that_cannot_be_said_is_not_said(secret: str) -> None:
    with FaultImap() as server:
        for changes in ({"password": secret}, {"username": secret}):
            error = failing(account(server, **changes))
            assert (type(error), error.cause) == (Unreachable, "credentials")
            assert "by hand" in explain(error, account(server)).fix
        assert not any("AUTHENTICATE" in line for line in server.heard)


def test_a_login_quotes_name_and_password() -> None:
    with FaultImap(capabilities="IMAP4rev1") as server:
        where = account(server, username='Ada "A" Lovelace', password="back\\slash sécret")
        with open_mailbox(where, timeout_s=2):
            pass
        (line,) = [line for line in server.heard if "LOGIN" in line]
    assert line.split(" ", 1)[1] == 'LOGIN "Ada \\"A\\" Lovelace" "back\\\\slash sécret"'


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"])
def test_no_secret_is_told_not_even_when_the_server_repeats_it(
    capabilities: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    encoded = [b64encode(text.encode()).decode() for text in (PASSWORD, f"\0{NAME}\0{PASSWORD}")]
    for secret in (PASSWORD, *encoded):
        echo = f"{{tag}} NO I do not know {secret}\r\n".encode()
        with FaultImap({"AUTHENTICATE": say(echo), "LOGIN": say(echo)}, capabilities=capabilities) as server:
            error = failing(account(server))
        for text in (told(error), str(error), repr(error), repr(account(server)), caplog.text):
            assert secret not in text
        assert "I do not know ********" in str(error)
        assert "********" in told(error)


def test_an_account_shows_no_secret() -> None:
    assert PASSWORD not in repr(account(FaultImap(port=993)))
    assert "BEGIN" not in repr(account(FaultImap(port=993)))
