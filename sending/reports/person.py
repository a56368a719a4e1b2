"""What became of a person in campaigns: parts of the timeline and a card on the page of the contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from campaigns.contacts.core.moments import Moment, Place
from campaigns.contacts.models import Contact
from campaigns.contacts.parts import Asked, Card, PersonPart
from campaigns.contacts.queries import zone_known_of
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan, plans
from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from outreach.kit.looks import words_of
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.outbox.models import OutboundMessage
from sending.planner.claim.facts import zone_of
from sending.planner.explain.reasons import with_reasons
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState

_WAYS = 20
# Told by the story of the message, or by the mail that came in.
_TOLD_ELSEWHERE = (EventKind.ATTEMPTED,)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a contact stands in a campaign, and the clock that decides when it is written to."""

    row: Any  # an Enrollment with its reasons
    zone: tzinfo
    zone_name: str
    zone_source: str  # in words


def ways_of(member: Member, contact: Contact) -> Sequence[Way]:
    """Return the campaigns that a contact is in, newest first."""
    rows = with_reasons(Enrollment.objects.filter(workspace=member.workspace, contact=contact))
    found = list(rows.select_related("campaign").order_by("-id")[:_WAYS])
    planned = plans({row.campaign_id for row in found})
    return [_way(row, planned[row.campaign_id], contact) for row in found]


def _way(row: Any, plan: CampaignPlan, contact: Contact) -> Way:
    name, zone = zone_of(plan, contact)
    return Way(row, zone, name, _source_of(plan, contact, name))


def _source_of(plan: CampaignPlan, contact: Contact, name: str) -> str:
    """Say where the zone comes from that decides in a campaign."""
    known = zone_known_of(contact)
    return known.source if known is not None and plan.use_contact_zone and name == known.name else "the campaign's"


def cards_of(member: Member, contact: Contact) -> Sequence[Card]:
    """Return the card of the campaigns, with the next message that is planned."""
    ways = ways_of(member, contact)
    running = [way for way in ways if way.row.campaign.state == CampaignState.RUNNING]
    active = [way for way in running if way.row.state == EnrollmentState.ACTIVE]
    coming = min(active, key=lambda way: way.row.due_at, default=None)
    values = {"ways": ways, "coming": coming, "contact": contact}
    return [Card("sending/reports/_contact_campaigns.html", values)]


def moments_of(asked: Asked) -> Sequence[Sequence[Moment]]:
    """Return the newest moments of each source: entries into campaigns, what was sent and held, mails that came in."""
    return (_entries(asked), _events(asked), _inbound(asked))


def _entries(asked: Asked) -> Sequence[Moment]:
    rows = Enrollment.objects.filter(contact=asked.contact).select_related("campaign")
    return [
        Moment(
            Place(row.created_at, "campaign", row.pk),
            "enrolled",
            f"Entered the campaign {row.campaign.name}",
            url=asked.member.url("planner:why", row.pk),
        )
        for row in asked.newest(rows, "campaign", by="created_at")
    ]


def _events(asked: Asked) -> Sequence[Moment]:
    """Return what was recorded and did not come by mail: that tells of itself."""
    rows = Event.objects.filter(workspace=asked.member.workspace, contact_id=asked.contact.pk)
    rows = rows.exclude(kind__in=[kind.value for kind in _TOLD_ELSEWHERE]).exclude(data__has_key="inbound")
    found = asked.newest(rows, "event", by="at")
    messages = {row.message_id for row in found if row.message_id}
    subjects = dict(OutboundMessage.objects.filter(pk__in=messages).values_list("pk", "subject"))
    campaigns = {row.campaign_id for row in found if row.campaign_id}
    names = dict(Campaign.objects.filter(pk__in=campaigns).values_list("pk", "name"))
    return [
        Moment(
            Place(row.at, "event", row.pk),
            row.kind,
            f"{words_of(row.kind)}{f' in {name}' if (name := names.get(row.campaign_id or 0)) else ''}",
            _words_of(row, subjects.get(row.message_id or 0, "")),
            _url_of(asked.member, row, is_there=row.message_id in subjects),
            str(row.data.get("by", "")),
        )
        for row in found
    ]


def _words_of(row: Event, subject: str) -> str:
    said = next((str(row.data[name]) for name in ("words", "text", "reason") if row.data.get(name)), "")
    return " · ".join(one for one in (subject, said) if one)


def _url_of(member: Member, row: Event, *, is_there: bool) -> str:
    return member.url("reports:message", row.message_id) if row.message_id and is_there else ""


def _inbound(asked: Asked) -> Sequence[Moment]:
    rows = InboundMessage.objects.filter(workspace=asked.member.workspace, contact=asked.contact)
    shown = rows.only("kind", "subject", "received_at")
    return [
        Moment(
            Place(row.received_at, "mail", row.pk),
            row.kind,
            words_of(row.kind),
            row.subject,
            asked.member.url("inbox:detail", row.pk),
        )
        for row in asked.newest(shown, "mail", by="received_at")
    ]


PART = PersonPart(moments=moments_of, cards=cards_of)
