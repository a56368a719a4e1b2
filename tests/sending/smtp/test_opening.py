"""Connecting and signing in: each way in which it can fail, and that nothing secret is told on the way."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import pytest

from outreach.kit import loops
from sending.chaos.certificates import Pair, authority, leaf, server_context
from sending.chaos.faultsmtpd import Act, FaultServer, close, cut, drip, hang, reset, say, serving
from sending.smtp import (
    AuthKind,
    Deferred,
    Line,
    Outcome,
    Phase,
    Refused,
    Security,
    Server,
    Session,
    Unreachable,
    explain,
)
from sending.smtp.server import tls_context
from tests.sending.smtp.conversations import (
    ENVELOPE,
    LETTER,
    LOOPBACK,
    QUICK,
    Caller,
    plain,
    refused_opening,
    signed_in,
)

PASSWORD = "correct horse battery"
BY_TLS = partial(signed_in, security=Security.TLS)
BY_STARTTLS = partial(signed_in, security=Security.STARTTLS)


PAIRS: dict[str, Callable[[], Pair]] = {
    "good": leaf,
    "expired": partial(leaf, first_day=-9, last_day=-2),
    "future": partial(leaf, first_day=5, last_day=9),
    "other host": partial(leaf, "mail.elsewhere.test"),
    "self-signed": partial(leaf, self_signed=True),
}


def secure(script: dict[str, Act] | None = None, *, implicit: bool = False, pair: str = "good") -> FaultServer:
    return FaultServer(script or {}, tls=server_context(PAIRS[pair]()), implicit=implicit)


def opened(faults: FaultServer, how: Callable[[FaultServer], Server]) -> tuple[Line, ...]:
    """Sign in and out; return the dialogue."""

    async def run() -> tuple[Line, ...]:
        async with serving(faults):
            session = await Session.open(how(faults), timeouts=QUICK)
            await session.close()
            return session.transcript

    return loops.run(run())


SECURITIES = [(Security.PLAIN, False), (Security.STARTTLS, False), (Security.TLS, True)]


@pytest.mark.parametrize(("security", "implicit"), SECURITIES)
@pytest.mark.parametrize("methods", ["AUTH PLAIN", "AUTH LOGIN", "AUTH=PLAIN", "AUTH GSSAPI LOGIN PLAIN"])
def test_it_signs_in_with_a_password_over_each_kind_of_connection(
    security: Security, methods: str, *, implicit: bool
) -> None:
    faults = secure(implicit=implicit)
    faults.extensions = (methods,)
    opened(faults, partial(signed_in, security=security))
    said = " ".join(faults.commands)
    assert b64encode(f"\0ada@sender.test\0{PASSWORD}".encode()).decode() in said or (
        b64encode(PASSWORD.encode()).decode() in said
    )
    assert faults.commands.count("EHLO localhost.localdomain") == (2 if security is Security.STARTTLS else 1)


def test_it_signs_in_with_a_token() -> None:
    faults = secure(implicit=True)
    opened(faults, partial(BY_TLS, password="ya29.token", auth=AuthKind.XOAUTH2))
    assert (
        faults.commands[1]
        == "AUTH XOAUTH2 " + b64encode(b"user=ada@sender.test\x01auth=Bearer ya29.token\x01\x01").decode()
    )


def test_a_refused_token_is_told_by_the_final_answer() -> None:
    faults = secure(
        {"auth": say(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"), "challenge": say(b"535 5.7.8 not accepted\r\n")},
        implicit=True,
    )
    outcome = refused_opening(faults, partial(BY_TLS, auth=AuthKind.XOAUTH2))
    assert isinstance(outcome, Refused)
    assert (outcome.phase, outcome.reply.code, outcome.reply.enhanced) == (Phase.AUTH, 535, "5.7.8")


def test_a_mechanism_that_is_offered_and_unknown_is_replaced_by_the_other() -> None:
    acts = [say(b"504 5.5.4 unknown\r\n"), say(b"334 UGFzc3dvcmQ6\r\n")]
    faults = FaultServer({"auth": acts, "challenge": say(b"235 welcome\r\n")})
    opened(faults, signed_in)
    assert [command.rpartition(" ")[0] for command in faults.commands[1:3]] == ["AUTH PLAIN", "AUTH LOGIN"]


def test_a_refused_password_is_tried_once() -> None:
    faults = FaultServer({"auth": say(b"535 5.7.8 wrong\r\n")})
    outcome = refused_opening(faults, signed_in)
    assert isinstance(outcome, Refused)
    assert (outcome.phase, outcome.reply.code) == (Phase.AUTH, 535)
    assert [command for command in faults.commands if command.startswith("AUTH")] == faults.commands[1:2]


@pytest.mark.parametrize("auth", list(AuthKind))
def test_a_sign_in_that_is_not_offered_is_named(auth: AuthKind) -> None:
    faults = FaultServer(extensions=("AUTH GSSAPI NTLM",))
    outcome = refused_opening(faults, partial(signed_in, auth=auth))
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause) == (Phase.AUTH, "no_auth")
    assert "gssapi, ntlm" in outcome.text
    assert len(faults.commands) == 1


@pytest.mark.parametrize("secret", ["line\nbreak", "nul\0", "half \ud800", "bell\x07"])
def test_a_secret_that_cannot_be_sent_is_named_before_it_is_tried(secret: str) -> None:
    faults = FaultServer()
    outcome = refused_opening(faults, partial(signed_in, password=secret))
    assert isinstance(outcome, Unreachable)
    assert outcome.cause == "credentials"
    assert len(faults.commands) == 1


def test_a_password_beyond_ascii_is_sent_as_utf8() -> None:
    faults = FaultServer(extensions=("AUTH PLAIN",))
    opened(faults, partial(signed_in, password="grün"))
    assert faults.commands[1].endswith(b64encode("\0ada@sender.test\0grün".encode()).decode())


SLOW_BANNER = drip(b"220 slow banner\r\n", every_s=0.1)
OPENING = [
    ("banner", close(), Phase.BANNER, "lost"), ("banner", reset(), Phase.BANNER, "lost"),
    ("banner", hang(), Phase.BANNER, "timeout"), ("banner", SLOW_BANNER, Phase.BANNER, "timeout"),
    ("banner", say(b"HTTP/1.1 200 OK\r\n\r\n"), Phase.BANNER, "garbage"),
    ("banner", say(b"220" * 20_000), Phase.BANNER, "garbage"),
    ("banner", say(b"250 wrong greeting\r\n"), Phase.BANNER, "garbage"),
    ("banner", hang(b"220-" + b"x" * 100 + b"\r\n"), Phase.BANNER, "timeout"),
    ("ehlo", close(), Phase.EHLO, "lost"), ("ehlo", reset(), Phase.EHLO, "lost"),
    ("ehlo", hang(), Phase.EHLO, "timeout"), ("ehlo", say(b"\xff\xff\xff\r\n"), Phase.EHLO, "garbage"),
    ("ehlo", say(b"250-x\r\n" * 6_000), Phase.EHLO, "garbage"),
    ("auth", close(), Phase.AUTH, "lost"), ("auth", reset(), Phase.AUTH, "lost"),
    ("auth", hang(), Phase.AUTH, "timeout"), ("auth", say(b"what?\r\n"), Phase.AUTH, "garbage"),
    ("auth", close(b"235 welcome\r\n"), Phase.AUTH, "lost"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "act", "phase", "cause"), OPENING)
def test_a_connection_that_fails_while_it_opens_is_told_by_its_phase_and_cause(
    step: str, act: Act, phase: Phase, cause: str
) -> None:
    async def run() -> Outcome | None:
        faults = FaultServer({step: act})
        async with serving(faults):
            try:
                session = await Session.open(signed_in(faults), timeouts=QUICK)
            except ConnectionError as error:
                return error.outcome  # type: ignore[attr-defined, no-any-return]
            # It may have hung up a moment later than we looked: then the session knows.
            await asyncio.sleep(0.05)
            assert act.then == "close"
            assert not session.usable
            await session.close()
            return None

    outcome = loops.run(run())
    if outcome is not None:
        assert isinstance(outcome, Unreachable)
        assert (outcome.phase, outcome.cause) == (phase, cause)
        assert outcome.transcript


@pytest.mark.parametrize("step", ["banner", "ehlo", "auth"])
@pytest.mark.parametrize(("raw", "kind"), [(b"421 4.3.2 busy\r\n", Deferred), (b"554 5.7.1 go away\r\n", Refused)])
@pytest.mark.parametrize("then", ["go", "close"])
def test_a_definite_refusal_while_it_opens_is_told_with_its_reply(
    step: str, raw: bytes, kind: type[Outcome], then: str
) -> None:
    outcome = refused_opening(FaultServer({step: Act(raw, then)}), signed_in)  # type: ignore[arg-type]
    assert isinstance(outcome, kind)
    assert isinstance(outcome, Deferred | Refused)
    assert (outcome.phase, outcome.reply.code) == (Phase(step), int(raw[:3]))
    assert any(raw[:3].decode() in line.text for line in outcome.transcript)


CERTIFICATES = {
    "expired": "certificate_dates",
    "future": "certificate_dates",
    "other host": "certificate_host",
    "self-signed": "certificate_issuer",
}


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize(("pair", "cause"), CERTIFICATES.items())
def test_over_a_bad_certificate_nothing_is_said_and_its_fault_is_named(
    pair: str, cause: str, *, implicit: bool
) -> None:
    faults = secure(implicit=implicit, pair=pair)
    outcome = refused_opening(faults, BY_TLS if implicit else BY_STARTTLS)
    assert isinstance(outcome, Unreachable)
    assert outcome.cause == cause
    assert outcome.phase is (Phase.BANNER if implicit else Phase.STARTTLS)
    assert not any(command.startswith(("AUTH", "MAIL")) for command in faults.commands)
    assert explain(outcome, BY_TLS(faults)).fix


@pytest.mark.parametrize("implicit", [True, False])
def test_an_authority_that_nobody_added_is_not_trusted(*, implicit: bool) -> None:
    faults = secure(implicit=implicit)
    outcome = refused_opening(faults, partial(BY_TLS if implicit else BY_STARTTLS, ca_pem=None))
    assert isinstance(outcome, Unreachable)
    assert outcome.cause == "certificate_issuer"


def test_the_servers_own_certificate_may_be_added_instead_of_its_authority() -> None:
    faults = secure(implicit=True, pair="self-signed")
    opened(faults, partial(BY_TLS, ca_pem=leaf(self_signed=True).pem))
    assert faults.commands[-1] == "QUIT"


@pytest.mark.parametrize(
    "pem", ["", "not a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_an_added_certificate_that_is_none_is_named_before_anything_is_said(pem: str) -> None:
    faults = secure(implicit=True)
    outcome = refused_opening(faults, partial(BY_TLS, ca_pem=pem))
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause, faults.connections) == (Phase.CONNECT, "authority", 0)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_of_tls_are_refused(version: ssl.TLSVersion) -> None:
    faults = FaultServer(tls=server_context(leaf(), newest=version), implicit=True)
    outcome = refused_opening(faults, BY_TLS)
    assert isinstance(outcome, Unreachable)
    assert outcome.cause in {"tls", "lost"}
    assert faults.commands == []


def test_a_tls_handshake_that_hangs_is_bounded() -> None:
    outcome = refused_opening(FaultServer({"tls": hang()}, implicit=True), BY_TLS)
    assert isinstance(outcome, Unreachable)
    assert outcome.cause == "timeout"


def test_a_tls_handshake_that_is_cut_is_told() -> None:
    outcome = refused_opening(FaultServer({"tls": cut()}, implicit=True), BY_TLS)
    assert isinstance(outcome, Unreachable)
    assert outcome.cause in {"lost", "tls"}


@pytest.mark.parametrize("act", [hang(), close(), reset()])
def test_a_starttls_that_fails_is_told_by_its_phase(act: Act) -> None:
    outcome = refused_opening(secure({"starttls": act}), BY_STARTTLS)
    assert isinstance(outcome, Unreachable)
    assert outcome.phase is Phase.STARTTLS


def test_a_starttls_handshake_that_hangs_is_bounded() -> None:
    faults = secure({"tls": hang()})
    outcome = refused_opening(faults, BY_STARTTLS)
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause) == (Phase.STARTTLS, "timeout")


def test_without_starttls_no_password_is_said() -> None:
    faults = FaultServer()  # somebody on the way has removed the offer
    outcome = refused_opening(faults, BY_STARTTLS)
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause) == (Phase.STARTTLS, "no_starttls")
    assert faults.commands == ["EHLO localhost.localdomain"]


def test_a_refused_starttls_is_deferred_and_no_password_is_said() -> None:
    faults = secure({"starttls": close(b"454 4.7.0 not now\r\n")})
    outcome = refused_opening(faults, BY_STARTTLS)
    assert isinstance(outcome, Deferred)
    assert (outcome.phase, outcome.reply.code) == (Phase.STARTTLS, 454)
    assert faults.commands == ["EHLO localhost.localdomain", "STARTTLS"]


def test_plaintext_behind_the_220_of_starttls_is_not_believed() -> None:
    faults = secure({"starttls": say(b"220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n235 welcome\r\n")})
    faults.extensions = ("AUTH LOGIN",)
    opened(faults, BY_STARTTLS)
    assert not any(command.startswith("AUTH PLAIN") for command in faults.commands)
    assert any(command.startswith("AUTH LOGIN") for command in faults.commands)


@pytest.mark.parametrize("username", ["", "ada@sender.test"])
def test_an_open_line_is_only_for_private_ranges_that_were_opened(username: str) -> None:
    faults = FaultServer()
    outcome = refused_opening(faults, partial(signed_in, username=username, private=()))
    assert isinstance(outcome, Unreachable)
    assert (outcome.phase, outcome.cause, faults.connections) == (Phase.CONNECT, "blocked_address", 0)


def test_a_port_without_listener_is_told_as_refused() -> None:
    async def closed_port() -> int:
        async with serving(FaultServer()) as faults:
            return faults.port

    port = loops.run(closed_port())
    with pytest.raises(ConnectionError) as caught:
        loops.run(Session.open(Server("127.0.0.1", port, Security.TLS, private=LOOPBACK), timeouts=QUICK))
    outcome = caught.value.outcome  # type: ignore[attr-defined]
    assert (outcome.phase, outcome.cause) == (Phase.CONNECT, "no_connection")


def test_a_name_that_does_not_resolve_is_told() -> None:
    with pytest.raises(ConnectionError) as caught:
        loops.run(Session.open(Server("nobody..invalid", 587, Security.STARTTLS), timeouts=QUICK))
    outcome = caught.value.outcome  # type: ignore[attr-defined]
    assert (outcome.phase, outcome.cause) == (Phase.CONNECT, "unknown_host")


SECRETS = [
    PASSWORD,
    b64encode(PASSWORD.encode()).decode(),
    b64encode(f"\0ada@sender.test\0{PASSWORD}".encode()).decode(),
]


@pytest.mark.parametrize("methods", ["AUTH PLAIN", "AUTH LOGIN", "AUTH XOAUTH2"])
def test_secrets_never_enter_the_dialogue(methods: str) -> None:
    faults = FaultServer(extensions=(methods,))
    kind = AuthKind.XOAUTH2 if "XOAUTH2" in methods else AuthKind.PASSWORD
    lines = opened(faults, partial(signed_in, auth=kind))
    told = str([asdict(line) for line in lines])
    assert not any(secret in told for secret in SECRETS)
    assert methods in told
    assert "********" in told


def test_a_server_that_repeats_the_password_does_not_get_it_written_down() -> None:
    for secret in SECRETS:
        outcome = refused_opening(FaultServer({"auth": say(f"535 5.7.8 wrong: {secret}\r\n".encode())}), signed_in)
        assert isinstance(outcome, Refused)
        assert secret not in str(outcome)
        assert "wrong: ********" in outcome.reply.text


@pytest.mark.parametrize("answer", ["550 5.7.1 not {}", "450 not {}", "not an answer: {}"])
@pytest.mark.parametrize("step", ["mail", "dot"])
def test_a_server_that_repeats_the_password_behind_the_sign_in_does_not_either(step: str, answer: str) -> None:
    async def run(faults: FaultServer) -> Outcome:
        async with serving(faults):
            session = await Session.open(signed_in(faults), timeouts=QUICK)
            try:
                return await session.send(ENVELOPE, LETTER, before_dot=Caller().before_dot)
            finally:
                await session.close()

    for secret in SECRETS:
        outcome = loops.run(run(FaultServer({step: say(f"{answer.format(secret)}\r\n".encode())})))
        assert secret not in repr(outcome)
        assert "not ********" in repr(outcome).replace("an answer: ", "")


def test_a_server_does_not_print_its_password() -> None:
    server = Server("mail.test", 587, Security.STARTTLS, "ada", PASSWORD)
    assert PASSWORD not in repr(server)


def test_without_a_user_name_nobody_signs_in() -> None:
    faults = FaultServer(extensions=("AUTH PLAIN",))
    opened(faults, plain)
    assert faults.commands == ["EHLO localhost.localdomain", "QUIT"]


def test_a_refused_sign_in_leaves_no_connection_open() -> None:
    async def run() -> list[str]:
        faults = FaultServer({"auth": say(b"535 no\r\n")})
        async with serving(faults):
            with pytest.raises(ConnectionError):
                await Session.open(signed_in(faults), timeouts=QUICK)
            await asyncio.sleep(0.05)
            return ["still connected"] if faults._tasks else []

    assert loops.run(run()) == []


def test_a_cancelled_opening_leaves_no_connection_open() -> None:
    async def run() -> list[str]:
        faults = FaultServer({"ehlo": hang()})
        async with serving(faults):
            opening = asyncio.create_task(Session.open(plain(faults), timeouts=QUICK))
            await asyncio.sleep(0.1)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            await asyncio.sleep(0.05)
            return [command for command in faults.commands if command != "EHLO localhost.localdomain"]

    assert loops.run(run()) == []


def test_one_tls_context_serves_all_mailboxes_of_the_same_authority() -> None:
    assert tls_context(None) is tls_context(None)
    assert tls_context(authority().pem) is tls_context(authority().pem)
    assert tls_context(None) is not tls_context(authority().pem)
    assert tls_context(authority().pem).check_hostname
    assert tls_context(authority().pem).verify_mode is ssl.CERT_REQUIRED
