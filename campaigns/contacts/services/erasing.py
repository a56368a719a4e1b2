"""Forget a person: acknowledged at once, carried out room by room, gone on with after any crash.

The acknowledgement is one transaction that shuts the workspace's gate: sequences are called off, and a print of the
address forbids to write to it, to import it or to add it. What is known is erased after it, in each room in a
transaction of its own, as often as it takes: while a message is on its way, its end may still be written down.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import connection, transaction

from campaigns.contacts.errors import MayNotErase
from campaigns.contacts.models import Contact, Erasure, Suppression
from campaigns.contacts.parts import Person, parts
from campaigns.contacts.prints import prints_of
from campaigns.contacts.queries.rights import former_addresses
from campaigns.contacts.states import OWN_WISHES, ErasureState, SuppressionReason, SuppressionScope
from outreach.accounts.access import Member
from outreach.accounts.models import User
from outreach.accounts.roles import Role
from outreach.kit import clock, gate, session_lock
from outreach.kit.commits import after_commit

WHY_LIMIT = 200
_AGAIN = timedelta(minutes=1)  # a message is on its way
_SWEPT = 50  # erasures of one sweep
_SPACE = 0x6A80  # of PostgreSQL's advisory locks: who carries out an erasure
_BLOCK = """
INSERT INTO contacts_suppression AS s (workspace_id, scope, value, reason, evidence, created_by_id, created_at)
VALUES (%(workspace)s, %(scope)s, %(print)s, %(reason)s, '', %(by)s, %(now)s)
ON CONFLICT ON CONSTRAINT contacts_suppressed_once DO UPDATE SET reason = EXCLUDED.reason
 WHERE s.reason = 'erased' AND EXCLUDED.reason <> 'erased'
"""
logger = logging.getLogger(__name__)


def erase(member: Member, contact: Contact, *, typed: str, why: str) -> Erasure:
    """Forget a contact for good; when this returns, nothing is sent to them any more. Raises MayNotErase."""
    if not member.may(Role.ADMIN):
        raise MayNotErase("Only an admin or owner can erase a person.")
    if typed.strip().lower() not in {contact.email.lower(), contact.email_key}:
        raise MayNotErase(f"Type {contact.email} to confirm that everything about this person goes.")
    return acknowledge(contact, why=why, wanted_by=member.user.email, by=member.user)


def acknowledge(contact: Contact, *, why: str, wanted_by: str, by: User | None = None) -> Erasure:
    """Write down that a contact is to be forgotten, and stop everything; the rest follows after the commit."""
    workspace_id, now = contact.workspace_id, clock.now()
    with transaction.atomic():
        gate.hold_shut(workspace_id)
        contact = Contact.objects.get(pk=contact.pk)  # the address may have been changed since it was read
        # Each address that was theirs has a row of its own, the present one the first.
        known = Erasure.objects.filter(contact_id=contact.pk).order_by("pk").first()
        if known is not None and (known.state == ErasureState.WANTED or contact.erased_at is not None):
            return known  # asked for twice at once
        former = [(one.key, one.email) for one in former_addresses(contact) if one.held_by is None]
        rows = [
            Erasure.objects.create(
                workspace_id=workspace_id,
                contact_id=contact.pk,
                print=prints_of(workspace_id, key)[0],
                address=key,
                given=email,
                why=" ".join(why.replace("\0", " ").split())[:WHY_LIMIT],
                wanted_by=wanted_by,
                wanted_at=now,
                look_at=now,
            )
            for key, email in [(contact.email_key, contact.email), *former]
        ]
        for row in rows:
            _block(row, by)
        # From here on they count as erased: no list, growth or mail that comes in takes them for somebody.
        Contact.objects.filter(pk=contact.pk, erased_at=None).update(erased_at=now)
        person = Person(workspace_id, contact.pk, contact.email_key, contact.email, tuple(former))
        for part in parts():
            part.halts(person)
        for row in rows:
            after_commit(carry_out, row.pk)
    return rows[0]


def _block(row: Erasure, by: User | None) -> None:
    """Suppress the print of an address; what the person said themselves about it stays the reason."""
    said = Suppression.objects.filter(workspace=row.workspace_id, value=row.address, reason__in=OWN_WISHES)
    reason = said.filter(scope=SuppressionScope.ADDRESS).values_list("reason", flat=True).first()
    with connection.cursor() as cursor:
        cursor.execute(
            _BLOCK,
            {
                "workspace": row.workspace_id,
                "scope": SuppressionScope.ERASED,
                "print": row.print,
                "reason": reason or SuppressionReason.ERASED,
                "by": by.pk if by else None,
                "now": row.wanted_at,
            },
        )


def carry_out(erasure_id: int) -> bool:
    """Erase what the rooms know; True when nothing is left to do. Safe to run again, and twice at once."""
    with session_lock.tried(_SPACE, erasure_id % 2**31) as is_ours:
        return is_ours and _carry_out(erasure_id)


def sweep_erasures() -> int:
    """Go on with erasures whose worker died, or that waited for a message; returns how many came to their end."""
    due = Erasure.objects.filter(state=ErasureState.WANTED, look_at__lte=clock.now()).order_by("look_at")
    done = 0
    for pk in list(due.values_list("pk", flat=True)[:_SWEPT]):
        try:
            done += carry_out(pk)
        except Exception:  # the outermost loop: one that fails does not hold up the others
            logger.exception("contacts.erasure_failed", extra={"erasure": pk})
    return done


def _carry_out(erasure_id: int) -> bool:
    row = Erasure.objects.filter(pk=erasure_id, state=ErasureState.WANTED).first()
    if row is None:
        return True
    person = Person(row.workspace_id, row.contact_id, row.address, row.given)
    is_busy = any(part.is_busy(person) for part in parts())
    for part in reversed(parts()):
        part.erases(person)
    # An import that ran meanwhile may have brought them back.
    again = Contact.objects.filter(workspace=row.workspace_id, email_key=row.address).exclude(pk=row.contact_id)
    for one in again:
        acknowledge(one, why=row.why, wanted_by=row.wanted_by)
    rows = Erasure.objects.filter(pk=row.pk, state=ErasureState.WANTED)
    if is_busy:
        rows.update(look_at=clock.now() + _AGAIN)
        return False
    rows.update(state=ErasureState.DONE, done_at=clock.now(), look_at=None, address="", given="")
    logger.info("contacts.erased", extra={"erasure": row.pk})
    return True
