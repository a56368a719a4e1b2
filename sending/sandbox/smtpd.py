"""The sandbox's submission server: signs accounts in, and answers for each recipient as it behaves."""

from __future__ import annotations

import asyncio
import hmac
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sending.sandbox import letters
from sending.sandbox.behaviour import GREYLIST_WAIT, REFUSALS, Behaviour, behaviour_of, delay_of
from sending.sandbox.store import Acceptance, Store

log = logging.getLogger(__name__)

# As submission servers do; more than any message of the program has.
_MOST_RECIPIENTS = 100


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the sandbox's time runs, and the waits that stay as they are however fast it runs."""

    time_scale: int = 1
    slow_s: float = 0.0  # before each 250 of a message, to widen the window in which a client may die
    floor_s: float = 0.5  # no reaction comes earlier
    slow_recipient_s: float = 3.0  # what a SLOW recipient's server adds

    def seconds(self, duration: timedelta) -> float:
        return duration.total_seconds() / self.time_scale

    def reaction_s(self, address: str) -> float:
        return max(self.floor_s, self.seconds(delay_of(address)))


class Handler:
    """aiosmtpd's hooks. keep_copy(account, content) puts the message into the account's Sent folder."""

    def __init__(self, store: Store, pace: Pace, keep_copy: Callable[[str, bytes], None]) -> None:
        self._store = store
        self._pace = pace
        self._keep_copy = keep_copy

    async def handle_EHLO(  # noqa: N802  # the library's hook
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        # aiosmtpd reads line by line and answers in order: commands may come together (RFC 2920).
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower() != str(session.auth_data):
            return f"553 5.7.1 <{address}>: Sender address rejected: not owned by the signed-in account"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        behaviour = behaviour_of(address)
        if behaviour is Behaviour.GREYLIST:
            known_s = self._store.greylisted_for(envelope.mail_from or "", address, time.time())
            if known_s < self._pace.seconds(GREYLIST_WAIT):
                return REFUSALS[behaviour]
        elif behaviour in REFUSALS:
            return REFUSALS[behaviour]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content, sender = envelope.original_content or b"", str(session.auth_data)
        originals = [letters.read_original(content, sender, recipient) for recipient in envelope.rcpt_tos]
        now = time.time()
        # From here on the message is accepted, whether or not the client lives to hear of it.
        self._store.accepted([Acceptance(now, one.message_id, sender, one.recipient) for one in originals])
        try:
            self._keep_copy(sender, content)
            for original in originals:
                self._plan_reaction(original, now)
        except (OSError, sqlite3.Error):  # a full disk: what should follow is lost, the answer stays true
            log.exception("sandbox.fault")
        await asyncio.sleep(self._thinking_s(originals))
        return "250 2.0.0 OK: accepted"

    async def handle_exception(self, error: Exception) -> str:
        """Answer a fault of ours, such as a full disk: what is not written down is neither accepted nor refused."""
        log.error("sandbox.fault", exc_info=error)
        return "451 4.3.0 Local error in processing"

    def _plan_reaction(self, original: letters.Original, now: float) -> None:
        behaviour = behaviour_of(original.recipient)
        writer = letters.WRITERS.get(behaviour)
        if writer is None:
            return
        due = now + self._pace.reaction_s(original.recipient)
        self._store.plan(
            due=due,
            account=original.sender,
            content=writer(original, datetime.fromtimestamp(due, UTC)),
            once=f"{original.sender} {original.recipient.lower()}" if behaviour.is_once else None,
        )

    def _thinking_s(self, originals: list[letters.Original]) -> float:
        is_slow = any(behaviour_of(one.recipient) is Behaviour.SLOW for one in originals)
        return self._pace.slow_s + self._pace.slow_recipient_s * is_slow


def authenticator(
    accounts: Mapping[str, str],
) -> Callable[[SMTP, Session, Envelope, str, object], AuthResult]:
    """Return aiosmtpd's callback that signs the accounts (address in lower case -> password) in."""

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        if isinstance(data, LoginPassword):
            user = data.login.decode("utf-8", "replace").lower()
            if user in accounts and hmac.compare_digest(accounts[user].encode(), data.password):
                return AuthResult(success=True, auth_data=user)
        return AuthResult(success=False, handled=False, message="535 5.7.8 Authentication credentials invalid")

    return check
