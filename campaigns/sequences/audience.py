"""Who the people of a campaign are: those on its lists and in its segments, as they stand now."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.models import Contact, ListMember, Segment
from campaigns.contacts.queries import contacts_in
from campaigns.sequences.models import AudienceList, Campaign


def audience_ids(campaign: Campaign) -> QuerySet[Any, Any]:
    """Return the ids of the contacts of a campaign's lists and segments, as a query to put into another.

    Whoever wrote on their own and was answered is of no campaign because a condition happens to hold for them.
    A segment that cannot be read any more means nobody; it forbids the launch (see unreadable).
    """
    lists = AudienceList.objects.filter(campaign=campaign).values("contact_list")
    members = ListMember.objects.filter(contact_list__in=lists).values("contact")
    parts: list[QuerySet[Any, Any]] = []
    for segment in _segments(campaign):
        with suppress(BadQuery):
            parts.append(contacts_in(segment).exclude(_nobody_wanted()).values("pk"))
    return members.union(*parts) if parts else members


def audience_contacts(campaign: Campaign) -> QuerySet[Contact]:
    """Return the contacts of a campaign's lists and segments, each once, unordered."""
    return Contact.objects.filter(pk__in=audience_ids(campaign), workspace=campaign.workspace_id, erased_at=None)


def unreadable(campaign: Campaign) -> list[tuple[Segment, str]]:
    """Return the segments of a campaign that cannot be read any more, each with what is wrong."""
    found: list[tuple[Segment, str]] = []
    for segment in _segments(campaign):
        try:
            contacts_in(segment)
        except BadQuery as error:
            found.append((segment, str(error)))
    return found


def _nobody_wanted() -> Q:
    """Who is a contact only by having been answered, and whom nobody has put anywhere since."""
    return Q(~Exists(ListMember.objects.filter(contact=OuterRef("pk"))), is_correspondent=True)


def _segments(campaign: Campaign) -> QuerySet[Segment]:
    return Segment.objects.filter(campaigns__campaign=campaign).select_related("workspace").order_by("pk")
