"""Change a mailbox: secrets, states, backoff, freshness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction

from outreach.accounts.access import Member
from outreach.kit import clock, gate
from outreach.kit.crypto import seal
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.errors import AddressTaken, IllegalMove
from sending.mailboxes.models import Credential, Mailbox, MailboxClock
from sending.mailboxes.secrets import IMAP_PASSWORD, SMTP_PASSWORD, context_of, keyring
from sending.mailboxes.states import MAILBOX_MOVES, MailboxState
from sending.pacing import Pace

_BACKOFF_STEP = timedelta(minutes=1)
_BACKOFF_MOST = timedelta(hours=1)

_BACK_OFF = """
UPDATE mailboxes_clock
   SET failures = LEAST(failures + 1, 100), backoff_words = left(%s, 300),
       backoff_until = now() + make_interval(secs => LEAST(%s * power(2, LEAST(failures, 10)), %s))
 WHERE mailbox_id = %s
"""


def store_passwords(mailbox: Mailbox, *, smtp: str, imap: str) -> None:
    """Seal and keep the passwords of a saved mailbox; each is bound to its mailbox and its use."""
    keys = keyring()
    Credential.objects.update_or_create(
        mailbox=mailbox,
        defaults={
            "smtp_password": seal(keys, smtp, context=context_of(mailbox.pk, SMTP_PASSWORD)),
            "imap_password": seal(keys, imap, context=context_of(mailbox.pk, IMAP_PASSWORD)),
        },
    )
    MailboxClock.objects.get_or_create(mailbox=mailbox)


def activate(mailbox_id: int) -> None:
    """Let the mailbox carry mail: its connection test passed, or a person resumed it. Raises IllegalMove."""
    with transaction.atomic():
        _move(mailbox_id, MailboxState.ACTIVE, "", EventKind.MAILBOX_RESUMED)
        MailboxClock.objects.filter(mailbox=mailbox_id).update(
            failures=0, backoff_until=None, backoff_words="", look_at=clock.now()
        )


def pause(mailbox_id: int, reason: str) -> None:
    """Stop sending from the mailbox; after the commit no message is marked as leaving. Raises IllegalMove."""
    with transaction.atomic():
        gate.hold_shut(Mailbox.objects.values_list("workspace_id", flat=True).get(pk=mailbox_id))
        _move(mailbox_id, MailboxState.PAUSED, reason, EventKind.MAILBOX_PAUSED)


def refuse_sign_in(mailbox_id: int, words: str) -> bool:
    """Note that the server refuses the password: its owner must renew it. False when that was known."""
    return _stop_carrying(mailbox_id, MailboxState.NEEDS_SIGN_IN, words)


def shut_out(mailbox_id: int, words: str) -> bool:
    """Note that the server refuses us as a sender. False when that was known."""
    return _stop_carrying(mailbox_id, MailboxState.BLOCKED, words)


def back_off(mailbox_id: int, words: str, *, pace: Pace) -> None:
    """Leave the mailbox's server alone for a while: 1, 2, 4 ... 60 minutes as failures follow each other."""
    step, most = pace.shrink(_BACKOFF_STEP).total_seconds(), pace.shrink(_BACKOFF_MOST).total_seconds()
    with connection.cursor() as cursor:
        cursor.execute(_BACK_OFF, [words, step, most, mailbox_id])


def note_connected(mailbox_ids: Sequence[int]) -> None:
    """Forget earlier connection failures: the server answered."""
    MailboxClock.objects.filter(mailbox__in=mailbox_ids, failures__gt=0).update(
        failures=0, backoff_until=None, backoff_words=""
    )


def note_synced(mailbox_id: int, at: datetime) -> None:
    """Note that every folder was read to its end at `at`: follow-ups may go."""
    MailboxClock.objects.filter(mailbox=mailbox_id).update(synced_at=at)


def _stop_carrying(mailbox_id: int, state: MailboxState, words: str) -> bool:
    try:
        with transaction.atomic():
            _move(mailbox_id, state, words, EventKind.MAILBOX_PAUSED)
    except IllegalMove:
        return False
    return True


def _move(mailbox_id: int, new: MailboxState, reason: str, kind: EventKind) -> None:
    sources = [old for old, targets in MAILBOX_MOVES.items() if new in targets]
    now = clock.now()
    moved = Mailbox.objects.filter(pk=mailbox_id, state__in=sources).update(
        state=new, state_reason=reason[:500], state_changed_at=now
    )
    if not moved:
        raise IllegalMove(f"Mailbox {mailbox_id} cannot become {new} now.")
    workspace_id = Mailbox.objects.values_list("workspace_id", flat=True).get(pk=mailbox_id)
    record([Entry(workspace_id, kind, now, mailbox_id=mailbox_id, data={"state": new.value, "words": reason})])


def create_mailbox(member: Member, columns: Mapping[str, Any], *, smtp: str, imap: str) -> Mailbox:
    """Create a mailbox with its sealed passwords. Raises AddressTaken."""
    try:
        with transaction.atomic():
            mailbox = Mailbox.objects.create(workspace=member.workspace, created_by=member.user, **columns)
            store_passwords(mailbox, smtp=smtp, imap=imap)
    except IntegrityError as error:
        raise AddressTaken(f"{columns['address']} is connected already.") from error
    return mailbox


def update_mailbox(mailbox: Mailbox, columns: Mapping[str, Any], *, smtp: str, imap: str) -> None:
    """Change a mailbox; an empty password keeps the stored one. Raises AddressTaken."""
    try:
        with transaction.atomic():
            Mailbox.objects.filter(pk=mailbox.pk).update(**columns)
            _replace_passwords(mailbox, smtp=smtp, imap=imap)
    except IntegrityError as error:
        raise AddressTaken(f"{columns['address']} is connected already.") from error


def _replace_passwords(mailbox: Mailbox, *, smtp: str, imap: str) -> None:
    keys = keyring()
    sealed = {
        name: seal(keys, secret, context=context_of(mailbox.pk, name))
        for name, secret in ((SMTP_PASSWORD, smtp), (IMAP_PASSWORD, imap))
        if secret
    }
    if sealed:
        Credential.objects.filter(mailbox=mailbox).update(**sealed, changed_at=clock.now())
