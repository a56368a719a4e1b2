"""What a failed connection means, for the person who set it up: what happened, why, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from sending.smtp.outcomes import Deferred, Outcome, Phase, Refused, Reply, Unreachable
from sending.smtp.server import Security, Server


@dataclass(frozen=True, slots=True)
class Explanation:
    """Three sentences for a person."""

    what: str
    why: str
    fix: str


_CAUSES = {
    "unknown_host": ("The name has a typing error, or its DNS record is gone.", "Check the host name."),
    "blocked_address": (
        "Mail servers of the public internet are on ports 25, 465, 587 and 2525; inner networks are closed by default.",
        "Check host and port. The owner of the instance can open private ranges.",
    ),
    "no_connection": (
        "The host exists, but no mail server answers on this port.",
        "Check the port: 587 with STARTTLS or 465 with TLS fit most providers.",
    ),
    "certificate": (
        "The server cannot prove that it is who it says; the password is not sent to it.",
        "Check the host name. For a server with its own authority, add its certificate to the mailbox.",
    ),
    "no_starttls": (
        "The server on this port does not offer the protection that was chosen.",
        "Choose TLS on port 465, or another port.",
    ),
    "no_auth": (
        "The server does not let anybody sign in with a password on this port.",
        "Use port 587 or 465. Some providers allow only OAuth.",
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


def explain(outcome: Outcome, server: Server) -> Explanation:
    """Explain why a connection to the server failed; for outcomes that are no failure it says so."""
    match outcome:
        case Unreachable():
            return _unreachable(outcome, server)
        case Refused() | Deferred():
            return _answered(outcome.phase, outcome.reply)
        case _:
            return Explanation("Connected and signed in.", "", "")


def _unreachable(outcome: Unreachable, server: Server) -> Explanation:
    if outcome.cause == "tls" or (outcome.cause in {"lost", "timeout"} and outcome.phase is Phase.BANNER):
        if server.security is Security.TLS:
            fix = "Choose STARTTLS for this port, or use port 465."
            return Explanation(outcome.text, "The server does not speak TLS from the first byte on this port.", fix)
        if server.port == 465:
            fix = "Choose TLS for port 465."
            return Explanation(outcome.text, "On port 465 the server waits for TLS from the first byte.", fix)
    why, fix = _CAUSES.get(outcome.cause, ("TLS could not be agreed on.", "Check port and security."))
    return Explanation(outcome.text, why, fix)


def _answered(phase: Phase, reply: Reply) -> Explanation:
    what = f"The server answered: {reply.code} {reply.enhanced} {reply.text}".replace("  ", " ")
    low = reply.text.lower()
    if phase is not Phase.AUTH:
        return Explanation(what, "The server does not serve us at the moment.", "Wait, or ask your provider why.")
    if "5.7.139" in reply.enhanced or "basic authentication is disabled" in low:
        why = "Microsoft has switched off passwords for SMTP in this tenant."
        return Explanation(what, why, "Connect the mailbox with OAuth, or let an admin enable SMTP AUTH for it.")
    if reply.code == 534 or "application-specific password" in low or "app password" in low:
        why = "The account has two-step verification; its ordinary password is not accepted here."
        return Explanation(what, why, "Create an app password at your provider and use it here.")
    if reply.code == 535 or reply.enhanced.startswith("5.7.8"):
        why = "The user name or the password is wrong, or the provider wants an app password."
        return Explanation(what, why, "Type both again; often the user name is the whole address.")
    if reply.code // 100 == 4:
        return Explanation(what, "The server refuses to sign anybody in for the moment.", "Wait some minutes.")
    return Explanation(what, "The server refuses the sign-in.", "Ask your provider what this answer means.")
