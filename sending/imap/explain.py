"""What a failure to read a mailbox means, for the person who set it up: what happened, why, what to do."""

from __future__ import annotations

import re

from sending.imap.account import Account, ImapError, Protocol, Stage
from sending.smtp.explain import APP_PASSWORD_WORDS, CAUSES, ENDED, TOKEN_REFUSED, TWO_STEP, Explanation
from sending.smtp.server import Security

# What does not depend on the protocol is told in the same words as for SMTP.
_SHARED = (
    "unknown_host", "dns", "certificate", "certificate_dates", "certificate_issuer", "certificate_host", "authority",
    "tls", "credentials", "token",
)  # fmt: skip
_CAUSES = {name: CAUSES[name] for name in _SHARED} | {
    "blocked_address": (
        "IMAP servers of the public internet are on ports 993 and 143; inner networks are closed by default.",
        "Check host and port. The owner of the instance can open private ranges.",
    ),
    "no_connection": (
        "The host exists, but no IMAP server answers on this port.",
        "Check the port: 993 with TLS fits most providers, 143 with STARTTLS some.",
    ),
    "connect_timeout": (
        "Nothing came back from this port: a firewall on the way drops the packets, or the host is down.",
        "Check host and port; most providers use 993.",
    ),
    "no_starttls": (
        "The server on this port does not offer the protection that was chosen.",
        "Choose TLS on port 993, or another port.",
    ),
    "no_auth": (
        "The server lets nobody sign in that way on this port.",
        "Use port 993 with TLS. Some providers allow only OAuth, others only passwords.",
    ),
    "insecure": ("Anybody on the way could read it.", "Choose TLS or STARTTLS."),
    "sign_in": (
        "The user name or the password is wrong, IMAP is switched off, or the provider wants an app password.",
        "Type both again, switch IMAP on at your provider, or create an app password.",
    ),
    "ended": ENDED,
    "busy": (
        "The server does not serve us at the moment, often after too many connections or tries.",
        "Wait some minutes, then try again. The password is not to blame.",
    ),
    "timeout": ("The server is slow, or a firewall drops the connection.", "Try again; most providers use port 993."),
    "lost": ("The server hung up in the middle of the dialogue.", "Try again, and look at its last words above."),
    "garbage": (
        "What answers on this port does not speak IMAP as it should.",
        "Check host and port: 993 with TLS fits most providers, 143 with STARTTLS some.",
    ),
    "smtp": ("That is a server for sending (SMTP); mail is read over IMAP.", "Use port 993 with TLS."),
    "pop3": ("That is a POP3 server, and IMAP was chosen.", "Choose POP3, or use port 993 with TLS."),
    "imap": ("That is an IMAP server, and POP3 was chosen.", "Choose IMAP, or use port 995 with TLS."),
    "too_much": (
        "A server that says more than it was asked for is cut off, so that it cannot exhaust this machine.",
        "Try again; if it happens again, ask your provider what the server has said.",
    ),
    "refused": (
        "The server knows the command and would not do it.",
        "Look at its words above. If they name one mail, move or delete that mail with your mail program.",
    ),
}
_IMAP_OFF = ("IMAP is switched off for this account.", "Switch IMAP on in the settings at your provider.")
# Words by which Gmail, Yahoo and Zoho say it (observed 2026).
_IMAP_OFF_WORDS = (
    "not enabled for imap",
    "imap access is disabled",
    "enable imap",
    "not enabled for pop",
    "enable pop",
)
# How the same is said about POP3: only its name and its ports differ.
_IN_POP3 = {"IMAP": "POP3", "993": "995", "143": "110"}
_POP3_WORDS = re.compile("|".join(_IN_POP3))
_IMPLICIT_PORTS, _STARTTLS_PORTS = frozenset({993, 995}), frozenset({143, 110})


def explain(error: ImapError, account: Account) -> Explanation:
    """Explain a failure to the person who set the mailbox up."""
    why, fix = _tls_puzzle(error, account) or _words_for(error, account)
    if account.protocol is Protocol.POP3 and error.cause not in {"imap", "pop3"}:
        why, fix = (_POP3_WORDS.sub(lambda found: _IN_POP3[found[0]], words) for words in (why, fix))
    return Explanation(str(error), why, fix)


def _words_for(error: ImapError, account: Account) -> tuple[str, str]:
    if error.cause == "sign_in":
        low = str(error).lower()
        if any(word in low for word in _IMAP_OFF_WORDS):
            return _IMAP_OFF
        if any(word in low for word in APP_PASSWORD_WORDS):
            return TWO_STEP
        if account.tokens is not None:
            return TOKEN_REFUSED
    return _CAUSES[error.cause]


def _tls_puzzle(error: ImapError, account: Account) -> tuple[str, str] | None:
    """Return what to say when the protection does not fit the port."""
    is_silence = error.cause in {"lost", "timeout"}
    if account.security is Security.TLS:
        if error.stage is Stage.TLS and (error.cause == "tls" or is_silence) and account.port not in _IMPLICIT_PORTS:
            why = "The server does not seem to speak TLS from the first byte on this port."
            return why, "Choose STARTTLS for this port, or use port 993."
    elif error.stage is Stage.GREETING and is_silence and account.port not in _STARTTLS_PORTS:
        why = "The server says nothing: it may be waiting for TLS from the first byte, as on port 993."
        return why, "Choose TLS for this port, or use port 143 with STARTTLS."
    return None
