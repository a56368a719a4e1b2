"""What happened to a contact, as a condition on its row: what conditions of contacts cannot know themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from campaigns.contacts.core.segments import Deed
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState

# With what is in doubt: whoever may have got a message counts as written to.
_WENT = (MessageState.SENT, MessageState.IN_DOUBT, MessageState.ASSUMED_SENT)


def happened(deed: Deed, *, since: datetime | None, campaign: int | None) -> Exists:
    """Return whether the deed happened to the contact of OuterRef("pk"): since then, in that campaign."""
    return _DEEDS[deed](since, campaign)


def _mailed(since: datetime | None, campaign: int | None) -> Exists:
    found = Q(contact=OuterRef("pk"), state__in=_WENT)
    if since is not None:
        found &= Q(dot_at__gte=since)
    if campaign is not None:
        found &= Q(campaign=campaign)
    return Exists(OutboundMessage.objects.filter(found))


def _replied(since: datetime | None, campaign: int | None) -> Exists:
    """A person's answer to a message of ours; what machines answer is of another kind."""
    found = Q(contact=OuterRef("pk"), kind=Kind.HUMAN_REPLY, answers__isnull=False)
    if since is not None:
        found &= Q(received_at__gte=since)
    if campaign is not None:
        found &= Q(answers__campaign=campaign)
    return Exists(InboundMessage.objects.filter(found))


def _told(kind: EventKind) -> Callable[[datetime | None, int | None], Exists]:
    def of_kind(since: datetime | None, campaign: int | None) -> Exists:
        found = Q(contact_id=OuterRef("pk"), kind=kind)
        if since is not None:
            found &= Q(at__gte=since)
        if campaign is not None:
            found &= Q(campaign_id=campaign)
        return Exists(Event.objects.filter(found))

    return of_kind


_DEEDS: dict[Deed, Callable[[datetime | None, int | None], Exists]] = {
    Deed.MAILED: _mailed,
    Deed.REPLIED: _replied,
    Deed.BOUNCED: _told(EventKind.BOUNCED_HARD),
    Deed.OPTED_OUT: _told(EventKind.OPTED_OUT),
    Deed.CLICKED: _told(EventKind.CLICKED),
    Deed.OPENED: _told(EventKind.OPENED),
}
