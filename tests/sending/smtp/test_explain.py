"""What a person reads when the connection to a mailbox fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sending.smtp import (
    Accepted,
    AuthKind,
    Deferred,
    Outcome,
    Phase,
    Refused,
    Reply,
    Security,
    Server,
    Unreachable,
    Withdrawn,
    explain,
)


def server(security: Security = Security.STARTTLS, port: int = 587) -> Server:
    return Server("mail.sender.test", port, security, "ada@sender.test", "secret")


def refused(code: int, enhanced: str, text: str, phase: Phase = Phase.AUTH) -> Outcome:
    return Refused(phase, Reply(code, enhanced, text))


@pytest.mark.parametrize(
    ("outcome", "why", "fix"),
    [
        # As Google, Microsoft, Yahoo, iCloud and Postfix say it.
        (refused(535, "5.7.8", "Username and Password not accepted. For more information, go to https://support..."),
         "password is wrong", "Type both again"),
        (refused(534, "5.7.9", "Application-specific password required."), "two-step", "app password"),
        (refused(534, "5.7.14", "Please log in via your web browser"), "two-step", "app password"),
        (refused(535, "5.7.8", "Error: authentication failed: InvalidSecondFactor"), "two-step", "app password"),
        (refused(535, "", "Please use an app-specific password"), "two-step", "app password"),
        (refused(535, "5.7.139", "basic authentication is disabled."), "Microsoft", "OAuth"),
        (refused(535, "5.7.139", "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."),
         "Microsoft", "OAuth"),
        (refused(530, "5.7.57", "Client not authenticated to send mail."), "Microsoft", "OAuth"),
        (refused(535, "5.7.0", "authentication failed"), "password is wrong", "Type both again"),
        (refused(530, "5.7.1", "no"), "refuses the sign-in", "Ask your provider"),
        (Deferred(Phase.AUTH, Reply(454, "4.7.0", "Temporary authentication failure")), "for the moment", "Wait"),
        (Deferred(Phase.AUTH, Reply(421, "4.7.0", "Too many login attempts")), "for the moment", "Wait"),
        (Deferred(Phase.BANNER, Reply(421, "4.3.2", "busy")), "not serve us at the moment", "Wait"),
        (refused(554, "5.7.1", "go away", Phase.BANNER), "does not want connections", "Ask your provider"),
    ],
)  # fmt: skip
def test_an_answer_is_quoted_and_explained(outcome: Outcome, why: str, fix: str) -> None:
    assert isinstance(outcome, Refused | Deferred)
    explanation = explain(outcome, server())
    assert f"The server answered: {outcome.reply.code}" in explanation.what
    assert outcome.reply.text in explanation.what
    assert why in explanation.why
    assert fix in explanation.fix


@pytest.mark.parametrize(
    ("outcome", "why", "fix"),
    [
        (refused(535, "5.7.8", "Username and Password not accepted."), "The token is new", "sign in again"),
        (refused(534, "5.7.9", "Application-specific password required."), "The token is new", "sign in again"),
        (refused(535, "5.7.139", "SmtpClientAuthentication is disabled for the Tenant."), "switched off", "switch on"),
        (Deferred(Phase.AUTH, Reply(454, "4.7.0", "later")), "for the moment", "Wait"),
        (Refused(Phase.AUTH, Reply(535, "5.7.8", "Google gives no access."), ours=True), "withdrawn", "Sign in again"),
        (Unreachable(Phase.AUTH, "token", "Google gives no token now."), "Nobody has to sign in again", "Wait"),
    ],
)
def test_what_fails_with_a_token_is_not_blamed_on_a_password(outcome: Outcome, why: str, fix: str) -> None:
    explanation = explain(outcome, replace(server(), auth=AuthKind.XOAUTH2, password=""))
    assert why in explanation.why
    assert fix in explanation.fix
    assert "password" not in explanation.fix


def test_a_server_that_was_never_asked_is_not_quoted() -> None:
    outcome = Refused(Phase.AUTH, Reply(535, "5.7.8", "Google gives no access."), ours=True)
    assert explain(outcome, server()).what == "Google gives no access."


@pytest.mark.parametrize(
    ("cause", "phase", "why", "fix"),
    [
        ("unknown_host", Phase.CONNECT, "typing error", "host name"),
        ("dns", Phase.CONNECT, "says nothing about the name", "name servers"),
        ("blocked_address", Phase.CONNECT, "inner networks", "private ranges"),
        ("no_connection", Phase.CONNECT, "no mail server answers", "587"),
        ("connect_timeout", Phase.CONNECT, "firewall", "port 25"),
        ("certificate_dates", Phase.STARTTLS, "expired", "renew"),
        ("certificate_host", Phase.STARTTLS, "another name", "host name that your provider gives"),
        ("certificate_issuer", Phase.STARTTLS, "Nobody whom this machine trusts", "add its certificate"),
        ("certificate", Phase.STARTTLS, "cannot prove", "host name"),
        ("authority", Phase.CONNECT, "not one in PEM", "BEGIN CERTIFICATE"),
        ("tls", Phase.STARTTLS, "TLS 1.2", "port and security"),
        ("no_starttls", Phase.STARTTLS, "not offer the protection", "465"),
        ("no_auth", Phase.AUTH, "sign in that way", "OAuth"),
        ("credentials", Phase.AUTH, "line break", "by hand"),
        ("insecure", Phase.CONNECT, "Anybody", "STARTTLS or TLS"),
        ("timeout", Phase.EHLO, "slow", "Try again"),
        ("lost", Phase.AUTH, "hung up", "last words"),
        ("garbage", Phase.BANNER, "not a mail server", "host and port"),
        ("something new", Phase.AUTH, "not known", "try again"),
    ],
)
def test_every_cause_has_its_why_and_its_fix(cause: str, phase: Phase, why: str, fix: str) -> None:
    explanation = explain(Unreachable(phase, cause, "What happened."), server())
    assert explanation.what == "What happened."
    assert why in explanation.why
    assert fix in explanation.fix


@pytest.mark.parametrize(
    ("security", "port", "cause", "fix"),
    [
        (Security.TLS, 587, "tls", "Choose STARTTLS"),
        (Security.TLS, 25, "lost", "Choose STARTTLS"),
        (Security.TLS, 587, "timeout", "Choose STARTTLS"),
        (Security.STARTTLS, 465, "timeout", "Choose TLS"),
        (Security.STARTTLS, 465, "lost", "Choose TLS"),
        (Security.STARTTLS, 2525, "timeout", "Choose TLS"),
        (Security.TLS, 465, "tls", "Check port and security"),
        (Security.TLS, 465, "timeout", "Try again"),
    ],
)
def test_tls_on_the_wrong_port_is_understood(security: Security, port: int, cause: str, fix: str) -> None:
    assert fix in explain(Unreachable(Phase.BANNER, cause, "..."), server(security, port)).fix


def test_a_silence_in_the_middle_is_no_question_of_tls() -> None:
    explanation = explain(Unreachable(Phase.EHLO, "timeout", "..."), server(Security.STARTTLS, 465))
    assert "TLS" not in explanation.fix


@pytest.mark.parametrize("outcome", [Accepted(Reply(250, "", "ok")), Withdrawn()])
def test_what_is_no_failure_is_called_none(outcome: Outcome) -> None:
    assert explain(outcome, server()).what == "Connected and signed in."
