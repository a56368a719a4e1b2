"""Read campaigns and their parts."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count
from django.http import Http404

from campaigns.contacts.models import ContactList
from campaigns.sequences.models import Campaign, Step, Variant
from outreach.accounts.access import Member


def campaigns_of(member: Member) -> Sequence[Campaign]:
    """Return the workspace's campaigns, newest first."""
    return list(Campaign.objects.filter(workspace=member.workspace).order_by("-id"))


def campaign_for(member: Member, pk: int) -> Campaign:
    """Return a campaign of the member's workspace. Raises Http404 for any other."""
    row = Campaign.objects.filter(workspace=member.workspace, pk=pk).first()
    if row is None:
        raise Http404("No such campaign")
    return row


def steps_of(campaign: Campaign) -> Sequence[Step]:
    """Return the steps in order, their wordings prefetched by label."""
    return list(Step.objects.filter(campaign=campaign).order_by("position").prefetch_related("variants"))


def step_for(member: Member, pk: int) -> Step:
    """Return a step of a campaign of the member's workspace. Raises Http404 for any other."""
    row = Step.objects.filter(campaign__workspace=member.workspace, pk=pk).select_related("campaign").first()
    if row is None:
        raise Http404("No such step")
    return row


def variant_for(member: Member, pk: int) -> Variant:
    """Return a wording of a campaign of the member's workspace. Raises Http404 for any other."""
    rows = Variant.objects.filter(step__campaign__workspace=member.workspace, pk=pk)
    row = rows.select_related("step__campaign").first()
    if row is None:
        raise Http404("No such wording")
    return row


def lists_with_counts(member: Member) -> Sequence[ContactList]:
    """Return the workspace's lists by name, each with `size`."""
    return list(ContactList.objects.filter(workspace=member.workspace).annotate(size=Count("members")).order_by("name"))
