"""The sandbox's submission server: signs accounts in, and answers for each recipient as it behaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sending.sandbox import letters
from sending.sandbox.behaviour import GREYLIST_WAIT, Behaviour, behaviour_of, delay_of
from sending.sandbox.store import Store

_REFUSALS = {
    Behaviour.REFUSE: "550 5.1.1 The email account that you tried to reach does not exist",
    Behaviour.POLICY: "550 5.7.1 Delivery not authorized, message refused by policy of the recipient",
    Behaviour.FULL: "452 4.2.2 The recipient's mailbox is full",
}
_WRITERS = {
    Behaviour.REPLY: letters.answer,
    Behaviour.OUT_OF_OFFICE: letters.absence,
    Behaviour.OPT_OUT: letters.opt_out,
    Behaviour.COMPLAIN: letters.complaint,
    Behaviour.BOUNCE: letters.bounce,
}
# A reaction needs a moment, however fast time runs.
_FLOOR_S = 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the sandbox's time runs, and how long it thinks before it accepts (to widen crash windows)."""

    time_scale: int = 1
    slow_s: float = 0.0

    def seconds(self, duration: timedelta) -> float:
        return duration.total_seconds() / self.time_scale


class Handler:
    """aiosmtpd's hooks."""

    def __init__(self, store: Store, pace: Pace, keep_copy: object) -> None:
        self._store = store
        self._pace = pace
        self._keep_copy = keep_copy

    async def handle_EHLO(  # noqa: N802  # the library's hook
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower() != str(session.auth_data).lower():
            return f"553 5.7.1 <{address}>: Sender address rejected: not owned by the signed-in account"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        behaviour = behaviour_of(address)
        if behaviour in _REFUSALS:
            return _REFUSALS[behaviour]
        if behaviour is Behaviour.GREYLIST:
            known_s = self._store.greylisted_for(envelope.mail_from or "", address, time.time())
            if known_s < self._pace.seconds(GREYLIST_WAIT):
                return "450 4.7.1 Greylisted, please try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        sender, recipient = envelope.mail_from or "", envelope.rcpt_tos[0]
        original = _original(content, sender, recipient)
        self._store.accepted(message_id=original.message_id, sender=sender, recipient=recipient)
        if self._pace.slow_s:
            await asyncio.sleep(self._pace.slow_s)
        self._keep_copy(sender, content)  # type: ignore[operator]
        self._react(original)
        return "250 2.0.0 OK: accepted"

    def _react(self, original: letters.Original) -> None:
        behaviour = behaviour_of(original.recipient)
        writer = _WRITERS.get(behaviour)
        if writer is None or not self._store.first_reaction(original.recipient):
            return
        wait_s = max(_FLOOR_S, self._pace.seconds(delay_of(original.recipient)))
        due = time.time() + wait_s
        content = writer(original, datetime.fromtimestamp(due, UTC))
        self._store.plan(due=due, account=original.sender, content=content)


def authenticator(accounts: Mapping[str, str]) -> object:
    """Return aiosmtpd's callback that signs the accounts (address -> password) in."""

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        if isinstance(data, LoginPassword):
            user = data.login.decode("utf-8", "replace")
            if accounts.get(user.lower()) == data.password.decode("utf-8", "replace"):
                return AuthResult(success=True, auth_data=user)
        return AuthResult(success=False, handled=False, message="535 5.7.8 Authentication credentials invalid")

    return check


def _original(content: bytes, sender: str, recipient: str) -> letters.Original:
    mail = message_from_bytes(content, policy=default)
    body = mail.get_body(("plain",))
    headers = content.partition(b"\r\n\r\n")[0].decode("ascii", "replace").replace("\r\n", "\n") + "\n"
    return letters.Original(
        message_id=str(mail.get("Message-ID", "")).strip(),
        references=" ".join(str(mail.get("References", "")).split()),
        subject=str(mail.get("Subject", "")),
        sender=sender,
        recipient=recipient,
        text=body.get_content() if body is not None else "",
        headers=headers,
    )
