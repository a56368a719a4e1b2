"""How to reach a server: address, security, timeouts, the one TLS context per set of authorities; why it failed."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache

from outreach.kit.connect import (
    BlockedAddress,
    ConnectFailed,
    ConnectProblem,
    IPNetwork,
    NoAnswerAboutHost,
    UnknownHost,
)
from sending.smtp.resuming import ResumingContext
from sending.smtp.tokens import Tokens

SUBMISSION_PORTS = frozenset({25, 465, 587, 2525})


class Security(StrEnum):
    """How a connection is protected. What is chosen is required; nothing is ever tried without."""

    TLS = "tls"  # from the first byte (RFC 8314)
    STARTTLS = "starttls"  # upgraded before anything secret is said
    PLAIN = "plain"  # not at all: only to addresses in the private ranges that the owner of the instance has opened


class AuthKind(StrEnum):
    """What the secret is."""

    PASSWORD = "password"  # noqa: S105  # PLAIN or LOGIN
    XOAUTH2 = "xoauth2"  # an access token


@dataclass(frozen=True, slots=True)
class Server:
    """A submission server and how we sign in. private: the ranges that the owner of the instance has opened.

    tokens: where the secret comes from when it is a token; asked after EHLO, so that it has not run out by then.
    """

    host: str
    port: int
    security: Security
    username: str = ""
    password: str = field(default="", repr=False)
    auth: AuthKind = AuthKind.PASSWORD
    tokens: Tokens | None = field(default=None, repr=False, compare=False)
    ca_pem: str | None = field(default=None, repr=False)
    private: tuple[IPNetwork, ...] = ()
    local_hostname: str = "localhost.localdomain"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds per phase. Too short a wait for the answer to the dot makes doubts out of deliveries."""

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    quit: float = 5


# RFC 5321 section 4.5.3.2
RFC5321 = Timeouts()
_UNSAYABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# OpenSSL's verify codes (X509_V_ERR_*) that a person can do something about.
_CERTIFICATE_CAUSES = {
    9: "certificate_dates",  # not valid yet
    10: "certificate_dates",  # expired
    18: "certificate_issuer",  # self-signed
    19: "certificate_issuer",  # a self-signed one in the chain
    20: "certificate_issuer",  # the issuer is not known
    21: "certificate_issuer",  # the first one cannot be verified
    62: "certificate_host",  # another name
    64: "certificate_host",  # another address
}


def is_sayable(text: str) -> bool:
    """Say whether a user name or a password can be sent at all: no line break, no control, no half of a surrogate."""
    return _UNSAYABLE.search(text) is None


def connect_cause(error: ConnectProblem) -> str:
    """Return why there is no connection, as a word for programs (see explain)."""
    match error:
        case NoAnswerAboutHost():
            return "dns"
        case UnknownHost():
            return "unknown_host"
        case BlockedAddress():
            return "blocked_address"
        case ConnectFailed(__cause__=TimeoutError()):
            return "connect_timeout"
        case _:
            return "no_connection"


def tls_trouble(error: ssl.SSLError) -> tuple[str, str]:
    """Return why there is no TLS: a word for programs (see explain), and words for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        cause = _CERTIFICATE_CAUSES.get(error.verify_code, "certificate")
        return cause, f"The certificate is not valid: {error.verify_message or error.reason}."
    return "tls", f"TLS failed: {(error.reason or 'unknown').replace('_', ' ').lower()}."


@lru_cache(maxsize=256)
def tls_context(ca_pem: str | None) -> ResumingContext:
    """Return the shared context for these authorities (None = the public ones).

    Making one loads the whole bundle of authorities, 25 times the work of a handshake: it is made once. Certificate and
    host name are always verified. ca_pem is trusted beside the public authorities; it may also be the server's own
    certificate. Raises ssl.SSLError or ValueError when it holds no certificate.
    """
    context = ResumingContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies
    context.verify_flags = _usual_flags()
    context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_pem is not None:
        context.load_verify_locations(cadata=ca_pem)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


@cache
def _usual_flags() -> ssl.VerifyFlags:
    """Return what this Python verifies by itself, stricter in its newer versions; asking loads the authorities."""
    return ssl.create_default_context().verify_flags
