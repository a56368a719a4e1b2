"""The SMTP client: connections, transactions and messages. Opens sockets; knows no tables and no Django.

aiosmtplib opens a connection (EHLO, TLS, AUTH); from there our own transaction drives MAIL, RCPT, DATA and the dot,
because what a lost answer means depends on which side of the dot it was lost.
"""

from sending.smtp.envelope import Envelope, with_ascii_domain
from sending.smtp.explain import Explanation, explain
from sending.smtp.mime import (
    Message,
    Unbuildable,
    build,
    make_message_id,
    opt_out_by_mail,
    reply_subject,
    token_of,
    trim_references,
)
from sending.smtp.opening import SessionError
from sending.smtp.outcomes import (
    Accepted,
    Deferred,
    InDoubt,
    Line,
    Outcome,
    Phase,
    Refused,
    Reply,
    Side,
    Unreachable,
    Withdrawn,
)
from sending.smtp.server import RFC5321, AuthKind, Security, Server, Timeouts
from sending.smtp.session import Session
from sending.smtp.tokens import BlockingTokens, TokenError, TokenRefused, Tokens, TokenUnavailable

__all__ = [
    "RFC5321", "Accepted", "AuthKind", "BlockingTokens", "Deferred", "Envelope", "Explanation", "InDoubt", "Line",
    "Message", "Outcome", "Phase", "Refused", "Reply", "Security", "Server", "Session", "SessionError", "Side",
    "Timeouts", "TokenError", "TokenRefused", "TokenUnavailable", "Tokens", "Unbuildable", "Unreachable", "Withdrawn",
    "build", "explain", "make_message_id", "opt_out_by_mail", "reply_subject", "token_of",
    "trim_references", "with_ascii_domain",
]  # fmt: skip
