"""Change a mailbox: settings, secrets, states, backoff, freshness."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.db.models.functions import Now

from campaigns.contacts.services import carry_refusals
from outreach.accounts.access import Member
from outreach.kit import clock, gate, statements
from outreach.kit.crypto import SealBroken
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.aliases import aliases_of
from sending.mailboxes.budgets import database_now
from sending.mailboxes.errors import AddressTaken, IllegalMove, StillNeeded
from sending.mailboxes.guarding import guarded, require_release
from sending.mailboxes.health import note
from sending.mailboxes.models import ONE_PER_ADDRESS, Credential, Mailbox, MailboxClock
from sending.mailboxes.secrets import ACCESS_TOKEN, IMAP_PASSWORD, REFRESH_TOKEN, SMTP_PASSWORD, opened, sealed
from sending.mailboxes.states import BY_PERSON, BY_TEST, MAILBOX_MOVES, MEANINGS, MailboxState, SignInKind
from sending.pacing import Pace
from sending.pacing.health import Cause

_KNOWN_BY = ("address", "imap_host", "imap_username")  # by what refusals know a mailbox and its aliases

_BACKOFF_STEP = timedelta(minutes=1)
_BACKOFF_MOST = timedelta(hours=1)

_BACK_OFF = """
UPDATE mailboxes_clock
   SET failures = LEAST(failures + 1, 100), backoff_words = left(%s, 300),
       backoff_until = now() + make_interval(secs => LEAST(%s * power(2, LEAST(failures, 10)), %s))
 WHERE mailbox_id = %s
"""

_REST = """
UPDATE mailboxes_clock SET failures = 0, backoff_words = left(%s, 300),
       backoff_until = GREATEST(backoff_until, now() + make_interval(secs => %s))
 WHERE mailbox_id = %s
RETURNING backoff_until
"""

_LOOK_BY = """
UPDATE mailboxes_clock SET look_at = COALESCE(%s::timestamptz, now())
 WHERE mailbox_id = %s AND look_at > COALESCE(%s::timestamptz, now())
"""
# Prepared: it runs with each record.
_CONNECTED = """
UPDATE mailboxes_clock SET failures = 0, backoff_until = NULL, backoff_words = ''
 WHERE mailbox_id = ANY(%s::bigint[]) AND failures > 0
"""


def create_mailbox(member: Member, columns: Mapping[str, Any], *, smtp: str, imap: str) -> Mailbox:
    """Create a mailbox with its sealed passwords; one that signs in with a provider has none. Raises AddressTaken."""
    try:
        with transaction.atomic():
            mailbox = Mailbox.objects.create(workspace=member.workspace, created_by=member.user, **columns)
            store_passwords(mailbox, smtp=smtp, imap=imap)
    except IntegrityError as error:
        raise _taken(error, columns) from error
    return mailbox


def update_mailbox(mailbox: Mailbox, columns: Mapping[str, Any], *, smtp: str, imap: str) -> None:
    """Change a mailbox. Raises AddressTaken.

    An empty password keeps the stored one; a new SMTP password counts for IMAP, too, where both were the same. With
    another kind of sign-in, or another address at a provider, all secrets so far are forgotten. The mailbox is looked
    at anew at once: with a higher limit it may have something to send. Whoever wants no more from it wants no more from
    it by its new address or account either.
    """
    try:
        with transaction.atomic():
            _keep_refused(mailbox, {name: columns[name] for name in _KNOWN_BY if name in columns})
            Mailbox.objects.filter(pk=mailbox.pk).update(**columns)
            if _is_somebody_else(mailbox, columns):
                _forget_secrets(mailbox)
            _replace_passwords(mailbox, smtp=smtp, imap=imap)
            MailboxClock.objects.filter(mailbox=mailbox).update(look_at=Now())
    except IntegrityError as error:
        raise _taken(error, columns) from error


def remove(mailbox: Mailbox) -> None:
    """Forget a mailbox that never passed its test: nothing was sent from it or read. Raises StillNeeded."""
    try:
        with transaction.atomic():
            gone, _ = Mailbox.objects.filter(pk=mailbox.pk, state=MailboxState.UNTESTED).delete()
    except ProtectedError as error:
        raise StillNeeded(f"A campaign names {mailbox.address} among its senders; take it out there first.") from error
    if not gone:
        raise StillNeeded(f"{mailbox.address} has carried mail: pause it, so that its history stays.")


def store_passwords(mailbox: Mailbox, *, smtp: str, imap: str) -> None:
    """Seal and keep the passwords of a saved mailbox, "" for none; each is bound to its mailbox and its use."""
    secrets = {SMTP_PASSWORD: smtp, IMAP_PASSWORD: imap}
    Credential.objects.update_or_create(
        mailbox=mailbox,
        defaults={name: sealed(mailbox.pk, name, word) if word else None for name, word in secrets.items()},
    )
    MailboxClock.objects.get_or_create(mailbox=mailbox)


def activate(mailbox_id: int) -> None:
    """Let the mailbox carry mail: its connection test passed. Raises IllegalMove, also where a person paused it."""
    _let_carry(mailbox_id, BY_TEST)


def resume(mailbox_id: int, *, by: Member | None = None, why: str = "") -> None:
    """Let a paused or blocked mailbox carry mail again: a person says so. Raises IllegalMove.

    What a guard has found is accepted by it, and counts no more. Complaints only an admin accepts, who says why:
    raises StillGuarded.
    """
    with transaction.atomic():
        mailbox = Mailbox.objects.select_related("workspace").get(pk=mailbox_id)
        found = guarded(mailbox)
        if found.alarms:
            data = require_release(found, by, why)
            at = database_now()
            record([Entry(mailbox.workspace_id, EventKind.GUARD_RELEASED, at, mailbox_id=mailbox_id, data=data)])
        _let_carry(mailbox_id, BY_PERSON)


def pause(mailbox_id: int, reason: str) -> None:
    """Stop sending from the mailbox; after the commit no message is marked as leaving. Raises IllegalMove."""
    with transaction.atomic():
        gate.hold_shut(Mailbox.objects.values_list("workspace_id", flat=True).get(pk=mailbox_id))
        _move(mailbox_id, MailboxState.PAUSED, reason, EventKind.MAILBOX_PAUSED)


def refuse_sign_in(mailbox_id: int, words: str) -> bool:
    """Note that the server refuses the password: its owner must renew it. False when that was known, or when paused."""
    return _stop_carrying(mailbox_id, MailboxState.NEEDS_SIGN_IN, words)


def shut_out(mailbox_id: int, words: str, *, cause: Cause | None = None) -> bool:
    """Note that the server refuses us as a sender, or that a guard stops the mailbox. False when that was known.

    The cause cuts its health; without one (a setting of its own is wrong) nothing is said about its reputation.
    """
    with transaction.atomic():
        if cause:
            note(mailbox_id, cause, words)
        return _stop_carrying(mailbox_id, MailboxState.BLOCKED, words)


def back_off(mailbox_id: int, words: str, *, pace: Pace) -> None:
    """Leave the mailbox's server alone for a while: 1, 2, 4 ... 60 minutes as failures follow each other."""
    step, most = pace.shrink(_BACKOFF_STEP).total_seconds(), pace.shrink(_BACKOFF_MOST).total_seconds()
    with connection.cursor() as cursor:
        cursor.execute(_BACK_OFF, [words, step, most, mailbox_id])


def rest(mailbox_id: int, wait: timedelta, words: str, *, pace: Pace) -> None:
    """Let the mailbox wait until its own quota is whole again; a longer wait stays."""
    seconds = pace.shrink(wait).total_seconds()
    statements.run(_REST, [f"Its quota is used up: {words}", seconds, mailbox_id])


def look_by(mailbox_id: int, at: datetime | None = None) -> None:
    """Let the next tick from then on look at a mailbox, None for at once: there is new work. An earlier look stays.

    One mailbox for each statement: marks lock several clocks in an order of their own.
    """
    statements.run(_LOOK_BY, [at, mailbox_id, at])


def note_connected(mailbox_ids: Sequence[int]) -> None:
    """Forget earlier connection failures: the server answered."""
    statements.run(_CONNECTED, [list(mailbox_ids)])


def note_synced(mailbox_id: int, at: datetime) -> None:
    """Note that every folder was read to its end at `at`: follow-ups may go."""
    MailboxClock.objects.filter(mailbox=mailbox_id).update(synced_at=at)


def _let_carry(mailbox_id: int, sources: Collection[MailboxState]) -> None:
    with transaction.atomic():
        _move(mailbox_id, MailboxState.ACTIVE, "", EventKind.MAILBOX_RESUMED, sources=sources)
        MailboxClock.objects.filter(mailbox=mailbox_id).update(
            failures=0, backoff_until=None, backoff_words="", look_at=Now()
        )


def _stop_carrying(mailbox_id: int, state: MailboxState, words: str) -> bool:
    try:
        with transaction.atomic():
            _move(mailbox_id, state, words, EventKind.MAILBOX_PAUSED)
    except IllegalMove:
        return False
    return True


def _move(
    mailbox_id: int,
    new: MailboxState,
    reason: str,
    kind: EventKind,
    *,
    sources: Collection[MailboxState] = tuple(MailboxState),
) -> None:
    allowed = [old for old in sources if new in MAILBOX_MOVES[old]]
    now = clock.now()
    moved = Mailbox.objects.filter(pk=mailbox_id, state__in=allowed).update(
        state=new, state_reason=reason[:500], state_changed_at=now
    )
    mailbox = Mailbox.objects.only("workspace_id", "address", "state").get(pk=mailbox_id)
    if not moved:
        state = MEANINGS[MailboxState(mailbox.state)].removeprefix("The mailbox ")
        raise IllegalMove(mailbox_id, new, f"{mailbox.address} {state}; it cannot become {new.replace('_', ' ')} now.")
    data = {"state": new.value, "words": reason}
    record([Entry(mailbox.workspace_id, kind, now, mailbox_id=mailbox_id, data=data)])


def _keep_refused(mailbox: Mailbox, columns: Mapping[str, str]) -> None:
    """Let those who refuse a mailbox refuse it by its next address, too, and by each that was of its account."""
    if not columns:
        return
    gate.hold_shut(mailbox.workspace_id)
    # Asked now: the caller may have read the mailbox long ago.
    is_as_it_was = Mailbox.objects.filter(pk=mailbox.pk, **columns).exists()
    if not is_as_it_was:
        senders = aliases_of([mailbox.workspace_id])[mailbox.pk].values()
        carry_refusals(mailbox.workspace_id, senders, columns.get("address", mailbox.address))


def _is_somebody_else(mailbox: Mailbox, columns: Mapping[str, Any]) -> bool:
    """Say whether what signed in for the mailbox so far cannot sign in for it any more."""
    kind, address = str(columns.get("sign_in", mailbox.sign_in)), str(columns.get("address", mailbox.address))
    return kind != mailbox.sign_in or (kind != SignInKind.PASSWORD and address.lower() != mailbox.address.lower())


def _forget_secrets(mailbox: Mailbox) -> None:
    names = (SMTP_PASSWORD, IMAP_PASSWORD, REFRESH_TOKEN, ACCESS_TOKEN, "access_until", "ask_at")
    Credential.objects.filter(mailbox=mailbox).update(
        **dict.fromkeys(names), account="", ask_failures=0, ask_words="", changed_at=clock.now()
    )


def _replace_passwords(mailbox: Mailbox, *, smtp: str, imap: str) -> None:
    if smtp and not imap and _were_the_same(mailbox):
        imap = smtp
    found = {
        name: sealed(mailbox.pk, name, secret)
        for name, secret in ((SMTP_PASSWORD, smtp), (IMAP_PASSWORD, imap))
        if secret
    }
    if found:
        Credential.objects.filter(mailbox=mailbox).update(**found, changed_at=clock.now())


def _were_the_same(mailbox: Mailbox) -> bool:
    """Say whether one password served for both; one that nobody can open any more is replaced with the other."""
    row = Credential.objects.get(mailbox=mailbox)
    secrets = ((SMTP_PASSWORD, row.smtp_password), (IMAP_PASSWORD, row.imap_password))
    try:
        known = {opened(mailbox.pk, name, value) for name, value in secrets}
    except SealBroken:
        return True
    return len(known) == 1


def _taken(error: IntegrityError, columns: Mapping[str, Any]) -> Exception:
    """Return AddressTaken for the rule that an address is connected once; any other rule is a fault of ours."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if getattr(diagnosis, "constraint_name", "") != ONE_PER_ADDRESS:
        return error
    return AddressTaken(f"{columns['address']} is connected already.")
