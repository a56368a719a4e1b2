"""A test mail to oneself: one real message over the mailbox's own server, inside every limit of the mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.db.models import QuerySet

from campaigns.contacts.queries import is_suppressed
from outreach.accounts.access import Member
from outreach.kit import clock, gate
from outreach.kit.addresses import BadAddress, parse_address
from outreach.kit.crypto import SealBroken
from sending.domains.keys import KeyLost, signatures_of
from sending.guard.queries import why_nothing_leaves
from sending.mailboxes.arrivals import CUT_OFF, explain_arrival
from sending.mailboxes.audit import Sending, Shown
from sending.mailboxes.budgets import database_now, facts_of, limits_of, usages_of
from sending.mailboxes.connections import smtp_server
from sending.mailboxes.errors import MailboxError
from sending.mailboxes.models import MAIL, ConnectionTest, Credential, Mailbox, MailboxClock
from sending.mailboxes.secrets import LOST
from sending.mailboxes.services import refuse_sign_in
from sending.mailboxes.spending import Spent, spend
from sending.mailboxes.states import MailboxState
from sending.mailboxes.testing import columns_of
from sending.pacing import Hold, Pace, decide, draw_gap, mailbox_gates
from sending.smtp import (
    Accepted,
    Envelope,
    Explanation,
    InDoubt,
    Line,
    Message,
    Outcome,
    Phase,
    Refused,
    Server,
    Session,
    SessionError,
    Timeouts,
    Unbuildable,
    Unreachable,
    Withdrawn,
    build,
    explain,
    make_message_id,
)
from sending.smtp.dkim import sign

MOST_AN_HOUR = 5
MOST_PROVEN = 50
# States that only a passed connection test leads to.
_TESTED = (MailboxState.ACTIVE, MailboxState.PAUSED)
# A person waits for the answer.
TIMEOUTS = Timeouts(connect=10, greeting=15, command=15, data=15, block=15, dot=30, quit=2)
MOST_S = 60.0


class NotNow(MailboxError, RuntimeError):
    """No test mail may leave the mailbox now; the words say why."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a test mail says where it shows a message of a campaign, as that would leave."""

    subject: str
    text: str
    html: str = ""
    list_unsubscribe: str = ""
    shown: Shown | None = None


@dataclass
class _Trial:
    """One test mail on its way. row: written when it was charged, before its first byte left."""

    mailbox: Mailbox
    recipient: str
    message_id: str
    sending: Sending
    proof: Proof | None = None
    row: ConnectionTest | None = None
    session: Session | None = field(default=None, repr=False)

    @property
    def transcript(self) -> Sequence[Line]:
        return self.session.transcript if self.session else ()


def recipients_for(member: Member, mailbox: Mailbox) -> list[str]:
    """Return the only addresses that get a test mail: the mailbox's own, the person's, and the other mailboxes'.

    Nobody proves the address of an account, so an account alone may be a stranger's: all but the mailbox that sends
    count only when they are mailboxes of this workspace whose connection test has passed. At most MOST_PROVEN.
    """
    tested = Mailbox.objects.filter(workspace_id=mailbox.workspace_id, state__in=_TESTED)
    own = tested.filter(address__iexact=member.user.email).values_list("address", flat=True)
    others = tested.order_by("address").values_list("address", flat=True)
    found: dict[str, str] = {}
    for address in (mailbox.address, *own, *others[:MOST_PROVEN]):
        found.setdefault(address.lower(), address)
    return list(found.values())[:MOST_PROVEN]


def obstacle_of(mailbox: Mailbox) -> str:
    """Return in words why no test mail may leave the mailbox now, empty when one may."""
    return _obstacle(_clocks().get(mailbox=mailbox))


def send_to_self(member: Member, mailbox: Mailbox, recipient: str, *, proof: Proof | None = None) -> ConnectionTest:
    """Send one message and store what became of it. Raises NotNow when nothing may leave; nothing is stored then.

    With a proof it reads like a message of a campaign. It is none: nobody is enrolled, and no campaign counts it.
    """
    if recipient not in recipients_for(member, mailbox):
        raise NotNow("A test mail goes to the mailbox itself or to a tested one of this workspace, to nobody else.")
    words = _forbidden(mailbox, recipient) or obstacle_of(mailbox)
    if words:
        raise NotNow(words)
    sending = Sending(member.user.email, mailbox, recipient, proof.shown if proof else None)
    message_id = make_message_id(mailbox.address.rpartition("@")[2], uuid4().hex)
    trial = _Trial(mailbox, recipient, message_id, sending, proof)
    try:
        envelope, content = Envelope(mailbox.address, recipient), _content(member, trial)
    except (Unbuildable, KeyLost, ValueError) as error:
        raise NotNow(str(error)) from error
    credential = Credential.objects.select_related("mailbox").get(mailbox=mailbox)
    try:
        server = smtp_server(credential)
    except SealBroken:
        refuse_sign_in(mailbox.pk, LOST.what)
        return _stored(trial, LOST, passed=False)
    outcome = async_to_sync(_deliver)(trial, server, envelope, content)
    return _judged(trial, server, outcome)


async def _deliver(trial: _Trial, server: Server, envelope: Envelope, content: bytes) -> Outcome:
    try:
        async with asyncio.timeout(MOST_S):
            trial.session = session = await Session.open(server, timeouts=TIMEOUTS)
            try:
                return await session.send(
                    envelope, content, before_dot=lambda: sync_to_async(_charge, thread_sensitive=True)(trial)
                )
            finally:
                await session.close()
    except SessionError as error:
        return error.outcome
    except TimeoutError:
        words = f"The server had not done within {MOST_S:g} s."
        lines = tuple(trial.transcript)
        return InDoubt(Phase.DOT, words, lines) if trial.row else Unreachable(Phase.DATA, "timeout", words, lines)


def _charge(trial: _Trial) -> bool:
    """Charge the message to the mailbox's book before its first byte leaves; False when it must not leave any more.

    Whoever stops the workspace's sending or suppresses the address before this commits is seen here; the lock on the
    mailbox's clock keeps couriers and other test mails from spending the same place.
    """
    with transaction.atomic():
        gate.hold_open([trial.mailbox.workspace_id])
        watch = _clocks().select_for_update(of=("self",)).get(mailbox=trial.mailbox)
        if _forbidden(trial.mailbox, trial.recipient) or _obstacle(watch):
            return False
        pace = Pace(watch.mailbox.workspace.time_scale)
        gap_s = draw_gap(limits_of(watch.mailbox), pace, seed=trial.message_id).total_seconds()
        day_s = pace.day.total_seconds()
        spend([Spent(trial.mailbox.pk, database_now(), is_new_lead=False, gap_s=gap_s, day_s=day_s, climbs=False)])
        trial.sending.begun()
        trial.row = _stored(trial, CUT_OFF, passed=False)
    return True


def _clocks() -> QuerySet[MailboxClock]:
    return MailboxClock.objects.select_related("mailbox__workspace")


def _obstacle(watch: MailboxClock) -> str:
    words = why_nothing_leaves()  # from a copy of the database, not even this
    if words:
        return words
    now = database_now()
    if watch.lease_until is not None and watch.lease_until > now:
        return "A message is leaving the mailbox at this moment. Try again in a minute."
    verdict = decide(mailbox_gates(facts_of(watch, usages_of([watch], now=now)[watch.mailbox_id], now=now)))
    if isinstance(verdict, Hold):
        return verdict.words
    since = clock.now() - timedelta(hours=1)
    sent = ConnectionTest.objects.filter(mailbox=watch.mailbox_id, protocol=MAIL, tested_at__gt=since).count()
    return f"{sent} test mails of this hour are sent; more are not." if sent >= MOST_AN_HOUR else ""


def _forbidden(mailbox: Mailbox, recipient: str) -> str:
    try:
        key = parse_address(recipient).key
    except BadAddress as error:
        return f"{recipient} is no address that mail can be sent to: {error.cause}"
    if is_suppressed(mailbox.workspace_id, key):
        return f"{recipient} is suppressed: nobody of this workspace writes to it."
    return ""


def _judged(trial: _Trial, server: Server, outcome: Outcome) -> ConnectionTest:
    if isinstance(outcome, Withdrawn):
        words = _forbidden(trial.mailbox, trial.recipient) or obstacle_of(trial.mailbox)
        raise NotNow(words or "Something spoke against it at the last moment. Try again.")
    at_sign_in = trial.session is None
    told = explain(outcome, server) if at_sign_in else explain_arrival(outcome, server, trial.recipient)
    if at_sign_in and isinstance(outcome, Refused) and outcome.phase is Phase.AUTH:
        refuse_sign_in(trial.mailbox.pk, told.what)
    return _stored(trial, told, passed=isinstance(outcome, Accepted), lines=outcome.transcript)


def _stored(trial: _Trial, told: Explanation, *, passed: bool, lines: Sequence[Line] = ()) -> ConnectionTest:
    """Keep what became of a test mail. The word of a program that dies is stored with the charge, and is no failure."""
    columns = columns_of(told, lines, passed=passed)
    with transaction.atomic():
        if not passed and told is not CUT_OFF:
            trial.sending.failed(told.what)
        if trial.row is None:
            about = {"mailbox": trial.mailbox, "protocol": MAIL, "recipient": trial.recipient}
            return ConnectionTest.objects.create(**about, **columns)
        ConnectionTest.objects.filter(pk=trial.row.pk).update(**columns)
        trial.row.refresh_from_db()
        return trial.row


def _content(member: Member, trial: _Trial) -> bytes:
    """Return the message as a campaign's would leave: signed where its domain is signed here. Raises KeyLost."""
    letter = _letter(member, trial)
    key = signatures_of([member.workspace.pk]).key_for(member.workspace.pk, trial.mailbox.address)
    content = build(letter)
    return sign(content, key, at=letter.date) if key else content


def _letter(member: Member, trial: _Trial) -> Message:
    mailbox = trial.mailbox
    said = trial.proof or _usual(member, mailbox)
    return Message(
        from_address=mailbox.address,
        from_name=mailbox.display_name,
        to_address=trial.recipient,
        subject=said.subject,
        text=said.text,
        html=said.html or None,
        message_id=trial.message_id,
        date=clock.now(),
        reply_to=mailbox.reply_to,
        list_unsubscribe=said.list_unsubscribe,
        extra=(("X-Outreach-Test", "1"),),
    )


def _usual(member: Member, mailbox: Mailbox) -> Proof:
    signature = f"\n\n{mailbox.signature}" if mailbox.signature else ""
    return Proof(
        subject="Test mail from Outreach",
        text=(
            f"{member.user} has sent this test mail from {mailbox.address}, "
            f"a mailbox of the workspace {member.workspace.name}.\n\n"
            "It left over the server of the mailbox, as the messages of a campaign do. If it lies in the inbox and its "
            f"sender looks right, the mailbox is ready; if it lies among the spam, mend that first.{signature}\n"
        ),
    )
