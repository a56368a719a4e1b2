"""Reading over POP3: real Dovecot, and servers that lie, drip, flood, refuse and hang up."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.chaos.certificates import Pair, authority, leaf, server_context
from sending.chaos.faultsmtpd import Act, close, drip, hang, reset, say
from sending.imap import (
    Account,
    ImapError,
    Item,
    Maildrop,
    Misbehaved,
    Protocol,
    SignInRefused,
    Stage,
    Unreachable,
    explain,
    open_maildrop,
)
from sending.imap.pop3 import _arrival
from sending.smtp import Security, TokenRefused, TokenUnavailable
from tests.sending.imap.dovecot import TOKEN, Dovecot
from tests.sending.imap.faultpop3d import FaultPop3
from tests.sending.imap.post import LOOPBACK, Post, mail

PASSWORD = "correct horse battery"
NAME = "ada@sender.test"
ALL = 1_000_000
SILENCE_S = 0.3


def account(server: FaultPop3, **changes: Any) -> Account:
    security = Security.PLAIN if server.tls is None else Security.TLS if server.implicit else Security.STARTTLS
    known: dict[str, Any] = {
        "username": NAME,
        "password": PASSWORD,
        "ca_pem": authority().pem,
        "private": LOOPBACK,
    }
    where: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "security": security, "protocol": Protocol.POP3}
    return Account(**(where | known | changes))


def failing(where: Account, do: Callable[[Maildrop], object] = Maildrop.items, *, most_s: float = 5) -> ImapError:
    """Return why the mailbox cannot be opened or read; fails when it can."""
    with pytest.raises(ImapError) as caught, open_maildrop(where, timeout_s=SILENCE_S, most_s=most_s) as drop:
        do(drop)
    return caught.value


def told(error: ImapError) -> str:
    return "\n".join(line.text for line in error.dialogue)


@contextmanager
def at_dovecot(post: Post, **changes: Any) -> Iterator[Maildrop]:
    assert isinstance(post.server, Dovecot)
    ports = {Security.TLS: post.server.pop3s_port, Security.STARTTLS: post.server.pop3_port}
    security = changes.get("security", Security.TLS)
    where = post.account(protocol=Protocol.POP3, port=ports[security], **changes)
    with open_maildrop(where, timeout_s=10, most_s=30) as drop:
        yield drop


# -- Dovecot --
@pytest.mark.dovecot
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_mails_at_dovecot_are_listed_and_fetched_and_stay(dovecot_post: Post, security: Security) -> None:
    for number in range(3):
        dovecot_post.deliver(mail(number))
    with at_dovecot(dovecot_post, security=security) as drop:
        items = drop.items()
        assert [item.number for item in items] == [1, 2, 3]
        assert len({item.uidl for item in items}) == 3
        raws = [drop.fetch(item, max_bytes=ALL) for item in items]
        said = "\n".join(line.text for line in drop.dialogue)
    assert [raw.raw for raw in raws] == [mail(number) for number in range(3)]
    assert [raw.size for raw in raws] == [item.size for item in items]
    assert not any(raw.truncated for raw in raws)
    assert dovecot_post.account().password not in said
    assert "PASS ********" in said
    with at_dovecot(dovecot_post) as drop:
        assert [item.uidl for item in drop.items()] == [item.uidl for item in items]
    with dovecot_post.other_client() as client:
        client.select_folder("INBOX")
        assert len(client.search()) == 3


@pytest.mark.dovecot
def test_a_mail_with_lines_of_dots_comes_as_it_was(dovecot_post: Post) -> None:
    content = mail(1) + b".\r\n..\r\n.hidden\r\n\r\n." + b"x" * 10_000 + b"\r\n"
    dovecot_post.deliver(content)
    with at_dovecot(dovecot_post) as drop:
        assert drop.fetch(drop.items()[0], max_bytes=ALL).raw == content


@pytest.mark.dovecot
def test_of_a_large_mail_at_dovecot_the_beginning_comes_and_the_next_is_read(dovecot_post: Post) -> None:
    dovecot_post.deliver(mail(1, size=200_000))
    dovecot_post.deliver(mail(2))
    with at_dovecot(dovecot_post) as drop:
        large, small = drop.items()
        raw = drop.fetch(large, max_bytes=300_000)
        assert (raw.truncated, raw.raw) == (False, mail(1, size=200_000))
        raw = drop.fetch(large, max_bytes=100_000)
        assert (raw.truncated, raw.size) == (True, large.size)
        assert mail(1, size=200_000).startswith(raw.raw)
        assert 99_000 < len(raw.raw) <= 100_000
        assert drop.is_spent
    with at_dovecot(dovecot_post) as drop:
        assert drop.fetch(small, max_bytes=ALL).raw == mail(2)


@pytest.mark.dovecot
def test_dovecot_refuses_a_wrong_password(dovecot_post: Post) -> None:
    with pytest.raises(SignInRefused) as caught, at_dovecot(dovecot_post, password="wrong"):
        pass
    assert "-ERR" in str(caught.value)
    assert "wrong" not in "".join(line.text for line in caught.value.dialogue)


@pytest.mark.dovecot
def test_dovecot_takes_a_token_and_one_that_it_refuses_is_replaced(dovecot_post: Post) -> None:
    asked: list[str] = []

    def tokens(stale: str) -> str:
        asked.append(stale)
        return TOKEN if stale else "called-back"

    dovecot_post.deliver(mail(1))
    with at_dovecot(dovecot_post, password="", tokens=tokens) as drop:
        assert len(drop.items()) == 1
        said = "\n".join(line.text for line in drop.dialogue)
    with dovecot_post.reading(password="", tokens=tokens) as reader:
        assert reader.folders()[0].name == "INBOX"
    assert asked == ["", "called-back"] * 2
    for token in (TOKEN, "called-back"):
        assert token not in said
    with pytest.raises(SignInRefused), at_dovecot(dovecot_post, password="", tokens=lambda _: "bad"):
        pass


# -- connecting --
def secure(pair: Callable[[], Pair] = leaf, *, implicit: bool, **script: Act) -> FaultPop3:
    return FaultPop3(script, tls=server_context(pair()), implicit=implicit)


CERTIFICATES = {
    "certificate_dates": partial(leaf, first_day=-9, last_day=-2),
    "certificate_host": partial(leaf, "mail.elsewhere.test"),
    "certificate_issuer": partial(leaf, self_signed=True),
}


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("cause", CERTIFICATES)
def test_a_bad_certificate_is_told_before_the_password(cause: str, *, implicit: bool) -> None:
    with secure(CERTIFICATES[cause], implicit=implicit) as server:
        error = failing(account(server))
        assert not any(line.startswith(("USER", "PASS", "AUTH")) for line in server.heard)
    assert (type(error), error.cause) == (Unreachable, cause)
    assert "the password is not sent to it" in explain(error, account(server)).why


@pytest.mark.parametrize("script", [{}, {"CAPA": say(b"-ERR what?\r\n")}], ids=["not offered", "refused"])
def test_a_server_without_starttls_never_hears_the_password(script: dict[str, Act]) -> None:
    with FaultPop3(script) as server:
        where = account(server, security=Security.STARTTLS)
        error = failing(where)
        assert set(server.heard) <= {"CAPA", "STLS"}
    assert (error.cause, error.stage) == ("no_starttls", Stage.STARTTLS)
    assert "Choose TLS on port 995" in explain(error, where).fix


def test_what_was_said_before_tls_counts_for_nothing() -> None:
    """Somebody on the way slips an answer in behind the yes to STLS (CVE-2011-0411)."""
    script = {"STLS": say(b"+OK yes\r\n+OK you are in\r\n-ERR [AUTH] no\r\n")}
    with FaultPop3(script, tls=server_context(leaf()), mails={"a": mail(1)}) as server:
        with open_maildrop(account(server), timeout_s=2) as drop:
            assert len(drop.items()) == 1
        assert server.heard.count("CAPA") >= 2


def test_an_old_server_without_capa_is_read() -> None:
    with FaultPop3({"CAPA": say(b"-ERR unknown\r\n")}, mails={"a": mail(1)}) as server:
        with open_maildrop(account(server), timeout_s=2) as drop:
            (item,) = drop.items()
            assert drop.fetch(item, max_bytes=ALL).raw == mail(1)
        assert server.heard[-1] == "QUIT"
        assert not any(line.startswith("DELE") for line in server.heard)


@pytest.mark.parametrize(
    ("line", "cause", "fix"),
    [
        (b"220 mail.test ESMTP\r\n", "smtp", "995"),
        (b"* OK IMAP4rev1 ready\r\n", "imap", "Choose IMAP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "garbage", "995"),
        (b"\x00\xff\r\n", "garbage", "995"),
        (b"-ERR [SYS/TEMP] busy\r\n", "busy", "Wait"),
        (b"-ERR too many connections\r\n", "busy", "Wait"),
        (b"-ERR go away\r\n", "refused", ""),
    ],
)
def test_what_answers_instead_is_told(line: bytes, cause: str, fix: str) -> None:
    with FaultPop3({"greeting": say(line)}) as server:
        error = failing(account(server))
        assert server.heard == []
    assert (error.cause, error.stage) == (cause, Stage.GREETING)
    assert fix in explain(error, account(server)).fix
    assert "\x00" not in told(error)


def test_tls_and_the_port_that_do_not_fit_are_told() -> None:
    with FaultPop3() as server:
        where = account(server, security=Security.TLS)
        assert "Choose STARTTLS for this port, or use port 995" in explain(failing(where), where).fix
    with secure(implicit=True) as server:
        where = account(server, security=Security.STARTTLS)
        assert "Choose TLS" in explain(failing(where), where).fix


@pytest.mark.parametrize(
    ("answer", "kind", "cause"),
    [
        (b"-ERR [AUTH] Authentication failed.\r\n", SignInRefused, "sign_in"),
        (b"-ERR bad password\r\n", SignInRefused, "sign_in"),
        (b"-ERR [IN-USE] somebody reads it\r\n", Unreachable, "busy"),
        (b"-ERR [LOGIN-DELAY] wait\r\n", Unreachable, "busy"),
        (b"-ERR [SYS/TEMP] later\r\n", Unreachable, "busy"),
        (b"* BYE\r\n", Misbehaved, "garbage"),
    ],
)
def test_a_refused_sign_in_is_told_apart_from_a_busy_server(answer: bytes, kind: type, cause: str) -> None:
    with FaultPop3({"PASS": say(answer)}) as server:
        error = failing(account(server))
        assert server.heard.count("PASS " + PASSWORD) == 1
    assert (type(error), error.cause, error.stage) == (kind, cause, Stage.SIGN_IN)
    assert PASSWORD not in told(error) + str(error)


def test_sasl_plain_is_used_where_user_is_not_offered_and_nothing_where_neither_is() -> None:
    with FaultPop3(abilities="UIDL SASL(PLAIN)") as server:
        with open_maildrop(account(server), timeout_s=2) as drop:
            assert drop.items() == []
        assert b64encode(f"\0{NAME}\0{PASSWORD}".encode()).decode() in server.heard
    with FaultPop3(abilities="UIDL SASL(GSSAPI)") as server:
        assert failing(account(server)).cause == "no_auth"
        assert not any(PASSWORD in line for line in server.heard)


# -- tokens --
def test_a_token_goes_in_a_line_of_its_own_and_its_error_is_answered_with_an_empty_one() -> None:
    script = {"challenge": say(b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n")}
    with FaultPop3(script) as server:
        error = failing(account(server, password="", tokens=lambda stale: "second" if stale else "first"))
    assert (type(error), error.cause) == (SignInRefused, "sign_in")
    said = [b64decode(line).decode() for line in server.heard if line.startswith("dXNlcj")]
    assert said == [f"user={NAME}\x01auth=Bearer {token}\x01\x01" for token in ("first", "second")]
    assert server.heard.count("AUTH XOAUTH2") == 2
    assert server.heard.count("") == 2
    assert "first" not in told(error)
    assert "sign in again" in explain(error, account(server, tokens=lambda _: "")).fix


@pytest.mark.parametrize(
    ("problem", "kind", "cause"),
    [
        (TokenRefused("Google gives no access."), SignInRefused, "ended"),
        (TokenUnavailable("Google is away."), Unreachable, "token"),
    ],
)
def test_without_a_token_nothing_is_said(problem: Exception, kind: type, cause: str) -> None:
    def tokens(_: str) -> str:
        raise problem

    with FaultPop3() as server:
        error = failing(account(server, tokens=tokens))
        assert not any(line.startswith("AUTH") for line in server.heard)
    assert (type(error), error.cause) == (kind, cause)


@pytest.mark.parametrize("question", [b"+OK you are in\r\n", b"-ERR unknown\r\n"])
def test_a_server_that_does_not_ask_hears_no_token(question: bytes) -> None:
    with FaultPop3({"AUTH": say(question)}) as server:
        failing(account(server, tokens=lambda _: "token"))
        assert not any(line.startswith("dXNlcj") for line in server.heard)


# -- hostile servers --
def first_mail(drop: Maildrop) -> object:
    return drop.fetch(Item(1, "a", 10), max_bytes=1000)


HOSTILE: list[tuple[dict[str, Act], Callable[[Maildrop], object], str]] = [
    ({"UIDL": say(b"-ERR unknown command\r\n")}, Maildrop.items, "refused"),
    ({"UIDL": say(b"+OK\r\n1 \r\n.\r\n")}, Maildrop.items, "garbage"),
    ({"UIDL": say(b"+OK\r\n1 " + b"x" * 71 + b"\r\n.\r\n")}, Maildrop.items, "garbage"),
    ({"UIDL": say(b"+OK\r\n1 a\x00b\r\n.\r\n")}, Maildrop.items, "garbage"),
    ({"UIDL": say(b"+OK\r\n-1 a\r\n.\r\n")}, Maildrop.items, "garbage"),
    ({"LIST": say(b"+OK\r\n1 -5\r\n.\r\n")}, Maildrop.items, "garbage"),
    ({"LIST": say(b"+OK\r\n1 " + b"9" * 40 + b"\r\n.\r\n")}, Maildrop.items, "garbage"),
    ({"LIST": say(b"+OK\r\n1 " + b"9" * 5000 + b"\r\n.\r\n")}, Maildrop.items, "garbage"),
    ({"LIST": say(b"+OK\r\nhello\r\n.\r\n")}, Maildrop.items, "garbage"),
    ({"LIST": say(b"HELLO\r\n")}, Maildrop.items, "garbage"),
    ({"LIST": say(b"+OK" + b"x" * 10_000)}, Maildrop.items, "too_much"),
    ({"LIST": say(b"+OK\r\n" + b"1 1\r\n" * 200_000)}, Maildrop.items, "too_much"),
    ({"LIST": say(b"+OK\r\n" + b"1" * 9_000_000)}, Maildrop.items, "too_much"),
    ({"LIST": close(b"+OK\r\n1 ")}, Maildrop.items, "lost"),
    ({"LIST": reset()}, Maildrop.items, "lost"),
    ({"LIST": hang()}, Maildrop.items, "timeout"),
    ({"RETR 1": hang(b"+OK\r\nSubject: x\r\n")}, first_mail, "timeout"),
    ({"RETR 1": close(b"+OK\r\nSubject: x\r\n\r\nhal")}, first_mail, "lost"),
    ({"RETR 1": say(b"-ERR no such mail\r\n")}, first_mail, "refused"),
    ({"CAPA": say(b"+OK\r\n" + b"X" * 10_000_000)}, Maildrop.items, "too_much"),
]


@pytest.mark.parametrize(("script", "do", "cause"), HOSTILE)
def test_answers_that_are_none_end_in_a_named_error(
    script: dict[str, Act], do: Callable[[Maildrop], object], cause: str
) -> None:
    with FaultPop3(script, mails={"a": mail(1)}) as server:
        error = failing(account(server), do)
    assert error.cause == cause
    assert explain(error, account(server)).fix


def test_a_server_that_drips_is_left_in_time() -> None:
    slow = {"LIST": drip(b"+OK\r\n" + b"1 1\r\n" * 1000, every_s=0.05)}
    with FaultPop3(slow) as server:
        began = time.monotonic()
        error = failing(account(server), most_s=0.8)
        assert time.monotonic() - began < 3
    assert str(error) == "The server had not done within 0.8 s."


def test_a_mail_that_is_larger_than_it_was_said_to_be_is_cut_and_the_session_ends_with_it() -> None:
    with FaultPop3(mails={"a": mail(1, size=50_000), "b": mail(2)}) as server:
        with open_maildrop(account(server), timeout_s=2) as drop:
            raw = drop.fetch(Item(1, "a", 10), max_bytes=1000)
            assert drop.is_spent
        assert (raw.truncated, len(raw.raw) <= 1000) == (True, True)
        assert mail(1, size=50_000).startswith(raw.raw)
        assert len(raw.raw) > 900


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_the_bound_is_exact(extra: int) -> None:
    content = mail(1, size=500)
    with FaultPop3(mails={"a": content}) as server, open_maildrop(account(server), timeout_s=2) as drop:
        raw = drop.fetch(Item(1, "a", 1), max_bytes=len(content) + extra)
        assert raw.truncated == (extra < 0)
        assert content.startswith(raw.raw)


def test_a_host_of_an_inner_network_is_refused() -> None:
    with FaultPop3() as server:
        error = failing(account(server, private=(ip_network("10.0.0.0/8"),)))
        assert server.heard == []
    assert error.cause == "blocked_address"
    assert "ports 995 and 110" in explain(error, account(server)).why


# -- when a mail came --
def test_the_topmost_received_header_tells_when_it_came() -> None:
    raw = (
        b"Return-Path: <a@b>\r\nReceived: from x\r\n\tby y; Thu, 26 Nov 2026 12:30:00 +0100\r\n"
        b"Received: from forged; Mon, 1 Jan 2001 00:00:00 +0000\r\nSubject: x\r\n\r\nReceived: z; no\r\n"
    )
    assert _arrival(raw) == datetime(2026, 11, 26, 11, 30, tzinfo=UTC)
    assert _arrival(b"Subject: x\r\n\r\nReceived: y; Thu, 26 Nov 2026 12:30:00 +0100\r\n") is None


@given(st.binary())
def test_any_header_is_read(raw: bytes) -> None:
    for content in (raw, b"Received: " + raw, b"Received: x; " + raw):
        found = _arrival(content)
        assert found is None or found.tzinfo is UTC
