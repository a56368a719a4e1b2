"""What a failed connection means, for the person who set it up: what happened, why, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from sending.smtp.outcomes import Deferred, Outcome, Phase, Refused, Reply, Unreachable
from sending.smtp.server import AuthKind, Security, Server


@dataclass(frozen=True, slots=True)
class Explanation:
    """Three sentences for a person."""

    what: str
    why: str
    fix: str


CAUSES = {
    "unknown_host": ("The name has a typing error, or its DNS record is gone.", "Check the host name."),
    "dns": (
        "The DNS of this machine gave no answer; that says nothing about the name.",
        "Wait some minutes, then try again. If it lasts, whoever runs this program must look at its name servers.",
    ),
    "blocked_address": (
        "Mail servers of the public internet are on ports 25, 465, 587 and 2525; inner networks are closed by default.",
        "Check host and port. The owner of the instance can open private ranges.",
    ),
    "no_connection": (
        "The host exists, but no mail server answers on this port.",
        "Check the port: 587 with STARTTLS or 465 with TLS fit most providers.",
    ),
    "connect_timeout": (
        "Nothing came back from this port: a firewall on the way drops the packets, or the host is down.",
        "Check the port; many hosters close port 25, so use 587 or 465.",
    ),
    "certificate": (
        "The server cannot prove that it is who it says; the password is not sent to it.",
        "Check the host name. For a server with its own authority, add its certificate to the mailbox.",
    ),
    "certificate_dates": (
        "The server's certificate has expired or is not valid yet; the password is not sent to it.",
        "Ask whoever runs the server to renew the certificate, and check the clock of this machine.",
    ),
    "certificate_issuer": (
        "Nobody whom this machine trusts has signed the certificate; the password is not sent to it.",
        "If the server is yours and has its own authority, add its certificate to the mailbox. Otherwise do not go on.",
    ),
    "certificate_host": (
        "The certificate was made for another name than the one typed here; the password is not sent to it.",
        "Use the host name that your provider gives for mail programs; it often differs from your own domain.",
    ),
    "authority": (
        "What was added as certificate is not one in PEM form.",
        "Paste the whole text, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.",
    ),
    "tls": ("Both sides could not agree on TLS 1.2 or newer.", "Check port and security, or ask your provider."),
    "no_starttls": (
        "The server on this port does not offer the protection that was chosen.",
        "Choose TLS on port 465, or another port.",
    ),
    "no_auth": (
        "The server does not let anybody sign in that way on this port.",
        "Use port 587 or 465. Some providers allow only OAuth, others only passwords.",
    ),
    "credentials": (
        "It was probably pasted together with a line break or another invisible character.",
        "Type the user name and the password by hand.",
    ),
    "token": (
        "The provider gives no access token at the moment. Nobody has to sign in again for that.",
        "Wait some minutes; what is due goes out then by itself.",
    ),
    "insecure": ("Anybody on the way could read it.", "Choose STARTTLS or TLS."),
    "timeout": (
        "The server is slow, or a firewall drops the connection.",
        "Try again; many hosters close port 25, so use 587 or 465.",
    ),
    "lost": (
        "The server hung up in the middle of the dialogue.",
        "Try again, and look at its last words above.",
    ),
    "garbage": ("What answers on this port is not a mail server.", "Check host and port."),
}
_UNKNOWN_CAUSE = ("The dialogue ended in a way that is not known.", "Look at the last words above, and try again.")
TWO_STEP = (
    "The account has two-step verification; its ordinary password is not accepted here.",
    "Create an app password at your provider and use it here.",
)
_TEMPORARY_SIGN_IN = (
    "The server refuses to sign anybody in for the moment, often after too many tries.",
    "Wait some minutes, then try again.",
)
_NO_PASSWORDS = (
    "Microsoft has switched off passwords for SMTP in this organisation or for this mailbox.",
    "Connect the mailbox with OAuth, or let an admin enable Authenticated SMTP for it.",
)
_NO_SMTP = (
    "Authenticated SMTP is switched off for this mailbox or its organisation, for this kind of sign-in, too.",
    "Let an administrator switch on Authenticated SMTP for the mailbox, then test again.",
)
_WRONG_PASSWORD = (
    "The user name or the password is wrong, or the provider wants an app password.",
    "Type both again; often the user name is the whole address.",
)
ENDED = (
    "The permission was withdrawn or has run out, or the password of the account was changed.",
    "Sign in again on the page of the mailbox.",
)
TOKEN_REFUSED = (
    "The token is new. Most often the user name is not the account that signed in, or the protocol is switched off.",
    "Check the user name, and whether the protocol is switched on for the account; then sign in again.",
)
_REFUSED_SIGN_IN = ("The server refuses the sign-in.", "Ask your provider what this answer means.")
_BUSY = ("The server does not serve us at the moment.", "Wait, or ask your provider why.")
_SHUT = ("The server does not want connections from here.", "Ask your provider why; look up its words above.")
# Words by which Google, Microsoft, Yahoo, iCloud and Zoho say it (observed 2026).
APP_PASSWORD_WORDS = ("application-specific password", "app password", "app-specific", "invalidsecondfactor")
_NO_PASSWORD_WORDS = ("5.7.139", "5.7.57", "basic authentication is disabled", "smtpclientauthentication is disabled")


def explain(outcome: Outcome, server: Server) -> Explanation:
    """Explain why a connection to the server failed; for outcomes that are no failure it says so."""
    match outcome:
        case Unreachable():
            return _unreachable(outcome, server)
        case Refused(phase=Phase.AUTH, ours=True):
            return Explanation(outcome.reply.text, *ENDED)
        case Refused() | Deferred():
            return _answered(outcome.phase, outcome.reply, server)
        case _:
            return Explanation("Connected and signed in.", "", "")


def _unreachable(outcome: Unreachable, server: Server) -> Explanation:
    is_tls_puzzle = outcome.cause == "tls" or (outcome.cause in {"lost", "timeout"} and outcome.phase is Phase.BANNER)
    if is_tls_puzzle and server.security is Security.TLS and server.port != 465:
        why = "The server does not seem to speak TLS from the first byte on this port."
        return Explanation(outcome.text, why, "Choose STARTTLS for this port, or use port 465.")
    if is_tls_puzzle and server.security is not Security.TLS and outcome.phase is Phase.BANNER:
        why = "The server says nothing: it may be waiting for TLS from the first byte, as on port 465."
        return Explanation(outcome.text, why, "Choose TLS for this port, or use port 587 with STARTTLS.")
    why, fix = CAUSES.get(outcome.cause, _UNKNOWN_CAUSE)
    return Explanation(outcome.text, why, fix)


def _answered(phase: Phase, reply: Reply, server: Server) -> Explanation:
    words = " ".join(f"{reply.code} {reply.enhanced} {reply.text}".split())
    why, fix = _sign_in(reply, server) if phase is Phase.AUTH else _BUSY if reply.code // 100 == 4 else _SHUT
    return Explanation(f"The server answered: {words}", why, fix)


def _sign_in(reply: Reply, server: Server) -> tuple[str, str]:
    low = f"{reply.enhanced} {reply.text}".lower()
    if any(word in low for word in _NO_PASSWORD_WORDS):
        return _NO_SMTP if server.auth is AuthKind.XOAUTH2 else _NO_PASSWORDS
    if reply.code // 100 == 4:
        return _TEMPORARY_SIGN_IN
    if server.auth is AuthKind.XOAUTH2:
        return TOKEN_REFUSED
    if reply.code == 534 or any(word in low for word in APP_PASSWORD_WORDS):
        return TWO_STEP
    if reply.code == 535 or reply.enhanced == "5.7.8":
        return _WRONG_PASSWORD
    return _REFUSED_SIGN_IN
