"""Opt-outs over the web: who stands behind a token, and never to write to them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction

from campaigns.contacts.core.suppressing import Rule
from campaigns.contacts.models import Contact, Suppression
from campaigns.contacts.prints import erased_keys, prints_of, refusal_value, refusing_prints
from campaigns.contacts.services import Wish, suppress_all
from campaigns.contacts.states import OWN_WISHES, SuppressionReason, SuppressionScope
from outreach.accounts.models import Workspace
from outreach.kit import clock, gate
from outreach.kit.addresses import key_of
from sending.ledger.kinds import EventKind, How
from sending.ledger.services import Entry, record
from sending.mailboxes.aliases import aliases_of
from sending.outbox.models import OutboundMessage
from sending.planner.claim.refusals import Refusals
from sending.planner.models import Enrollment
from sending.planner.services import running_of, stop, stop_contact
from sending.planner.states import StopReason
from sending.tracking.models import GoneContact

_THEIRS = (*OWN_WISHES, SuppressionReason.ERASED)  # what somebody asked for themselves
_SERIES = "Wants no more of this series: said on the opt-out page."


class NothingLeft(Exception):
    """What is left of a message names its sender or its series no more: nothing less than all can be chosen."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who got a message, as far as they are known yet; of a deleted or erased contact only the workspace is."""

    workspace: Workspace
    contact_id: int
    message_id: int
    enrollment_id: int | None  # of the series that the message is of, None where that is gone
    has_opted_out: bool  # they said so themselves: whatever else forbids to write to them, that can still be said
    sender: str = ""  # the address that the message came from, "" where it is gone
    sender_name: str = ""
    refuses_sender: bool = False  # they want no more from that mailbox


def recipient(contact_id: int, message_id: int) -> Recipient | None:
    """Return who is meant by an opt-out's token; None where nothing of them is left here, not even that they were."""
    contact = Contact.objects.select_related("workspace").filter(pk=contact_id).first()
    if contact is None:
        gone = GoneContact.objects.select_related("workspace").filter(contact_id=contact_id)
        if not gone:
            return None
        rules = _printed(one.print for one in gone)
        return Recipient(gone[0].workspace, contact_id, message_id, None, _are_wished(gone[0].workspace, rules))
    message = _message(contact_id, message_id)
    has_opted_out = contact.erased_at is not None or _are_wished(contact.workspace, _rules(contact, message))
    if message is None:
        return Recipient(contact.workspace, contact_id, message_id, None, has_opted_out)
    keys = {(contact.workspace_id, key) for key in _keys(contact, message)}
    refusals = Refusals(keys)
    return Recipient(
        contact.workspace,
        contact_id,
        message_id,
        message.enrollment_id,
        has_opted_out,
        sender=message.mailbox.address,
        sender_name=message.mailbox.display_name,
        refuses_sender=all(refusals.rows(message.mailbox_id, key) for key in keys),
    )


def leave_all(who: Recipient, words: str, *, how: How) -> bool:
    """Never write to somebody again, from any campaign of the workspace; True when that is news.

    When this returns, no message to them is marked as leaving any more: it holds the workspace's gate alone.
    """
    with transaction.atomic():
        gate.hold_shut(who.workspace.pk)
        contact = Contact.objects.filter(pk=who.contact_id).first()  # their address may have been changed since
        if contact is None:
            return _suppress(who.workspace, _printed(_prints_of_gone(who.contact_id)), words)
        if contact.erased_at is not None:
            return False  # barred by their print already
        message = _message(who.contact_id, who.message_id)
        is_news = _suppress(who.workspace, _rules(contact, message), words)
        stop_contact(contact, StopReason.OPTED_OUT, detail=words)
        if is_news:
            _tell(contact, message, words, how)
        return is_news


def leave_sender(who: Recipient) -> bool:
    """Write to somebody from the mailbox of a message no more, by no campaign and in no conversation; True if news.

    All addresses of the mailbox are meant. What it has begun with them ends, and goes to no other mailbox; campaigns of
    other mailboxes may write. When this returns, no message of it to them is marked as leaving any more. Raises
    NothingLeft.
    """
    with transaction.atomic():
        gate.hold_shut(who.workspace.pk)
        contact = Contact.objects.filter(pk=who.contact_id, erased_at=None).first()
        message = _message(who.contact_id, who.message_id)
        if contact is None or message is None:
            raise NothingLeft
        senders = aliases_of([who.workspace.pk])[message.mailbox_id]
        words = f"Wants no more from {message.mailbox.address}: said on the opt-out page."
        keys = _keys(contact, message)
        known = Refusals({(who.workspace.pk, key) for key in keys})
        is_known = all(known.rows(message.mailbox_id, (who.workspace.pk, key)) for key in keys)  # by an older key, too
        prints = [refusing_prints(who.workspace.pk, key)[0] for key in keys]
        rules = [
            Rule(SuppressionScope.SENDER, refusal_value(one, sender)) for sender in senders.values() for one in prints
        ]
        is_news = _suppress(who.workspace, rules, words) and not is_known
        for row in running_of(contact).filter(mailbox__in=list(senders)):
            stop(row, StopReason.OPTED_OUT, detail=words)
        if is_news:
            _tell(contact, message, words, How.SENDER)
        return is_news


def leave_series(who: Recipient) -> bool:
    """Send nothing more of the series that a message is of; other campaigns go on. False when it was over.

    Raises NothingLeft.
    """
    if who.enrollment_id is None:
        raise NothingLeft
    with transaction.atomic():
        gate.hold_shut(who.workspace.pk)
        row = Enrollment.objects.filter(pk=who.enrollment_id, contact=who.contact_id).first()
        if row is None:
            raise NothingLeft
        return stop(row, StopReason.OPTED_OUT, detail=_SERIES)


def _tell(contact: Contact, message: OutboundMessage | None, words: str, how: How) -> None:
    """Let the story tell of an opt-out, which counts for the campaign and the mailbox that wrote."""
    entry = Entry(
        workspace_id=contact.workspace_id,
        kind=EventKind.OPTED_OUT,
        at=clock.now(),
        campaign_id=message.campaign_id if message else None,
        contact_id=contact.pk,
        enrollment_id=message.enrollment_id if message else None,
        mailbox_id=message.mailbox_id if message else None,
        message_id=message.pk if message else None,
        data={"words": words},
        how=how,
    )
    record([entry, replace(entry, kind=EventKind.SUPPRESSED, how=How.PLAIN)])


def _message(contact_id: int, message_id: int) -> OutboundMessage | None:
    rows = OutboundMessage.objects.select_related("mailbox")
    return rows.filter(pk=message_id, contact=contact_id).first()


def _keys(contact: Contact, message: OutboundMessage | None) -> list[str]:
    """Return the address of a contact now, and the one that a message went to."""
    keys = dict.fromkeys([contact.email_key, *([key_of(message.recipient)] if message else [])])
    return [key for key in keys if key]


def _rules(contact: Contact, message: OutboundMessage | None) -> list[Rule]:
    """Return what keeps a message from a contact: their address of now, and the one that the message went to.

    Where the message is gone, each that was theirs, by the print that is left of it.
    """
    keys = _keys(contact, message)
    rules = [Rule(SuppressionScope.ADDRESS, key) for key in keys]
    if message is None:
        known = {one for key in keys for one in prints_of(contact.workspace_id, key)}
        rules += _printed(one for one in _prints_of_gone(contact.pk) if one not in known)
    return rules


def _prints_of_gone(contact_id: int) -> list[str]:
    return list(GoneContact.objects.filter(contact_id=contact_id).values_list("print", flat=True))


def _printed(prints: Iterable[str]) -> list[Rule]:
    return [Rule(SuppressionScope.ERASED, one) for one in prints]


def _suppress(workspace: Workspace, rules: Iterable[Rule], words: str) -> bool:
    return bool(suppress_all(workspace, [Wish(rule, SuppressionReason.OPTED_OUT, words) for rule in rules]))


def _are_wished(workspace: Workspace, rules: Iterable[Rule]) -> bool:
    """Say whether all of these rules hold, each because the person wanted it."""
    asked = [_known_by(workspace, rule) for rule in rules]
    values = {value for keys in asked for _, value in keys}
    rows = Suppression.objects.filter(workspace=workspace, value__in=values, reason__in=_THEIRS)
    found = set(rows.values_list("scope", "value"))
    return all(not found.isdisjoint(keys) for keys in asked)


def _known_by(workspace: Workspace, rule: Rule) -> set[tuple[str, str]]:
    """Return the suppressions (scope, value) one of which bars what a rule names: an address also by its print."""
    keys = {(str(rule.scope), rule.value)}
    return keys | set(erased_keys(workspace.pk, rule.value)) if rule.scope == SuppressionScope.ADDRESS else keys
