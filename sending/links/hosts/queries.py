"""Read a workspace's tracking domain."""

from __future__ import annotations

from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from outreach.accounts.access import Member
from sending.links.hosts.core import advice, is_long
from sending.links.models import TrackingDomain
from sending.links.states import DomainState, Finding


@dataclass(frozen=True, slots=True)
class DomainTold:
    """A tracking domain as the page tells it. advice: what to do about what was found, "" where there is nothing."""

    row: TrackingDomain
    advice: str
    is_long: bool


def domain_of(workspace_id: int) -> TrackingDomain | None:
    """Return the tracking domain that a workspace uses, or is about to; None where it has none."""
    return TrackingDomain.objects.filter(workspace=workspace_id).exclude(state=DomainState.RETIRED).first()


def told(member: Member) -> DomainTold | None:
    """Return the workspace's tracking domain with what to do about it."""
    row = domain_of(member.workspace.pk)
    return DomainTold(row, advice(Finding(row.finding), row.host), is_long(row.host)) if row else None


def retired(member: Member) -> list[TrackingDomain]:
    """Return the domains that were removed and are still answered."""
    mine = TrackingDomain.objects.filter(workspace=member.workspace, state=DomainState.RETIRED)
    return list(mine.order_by("host"))


def domain_for(member: Member, pk: int) -> TrackingDomain:
    """Return a tracking domain of the member's workspace. Raises Http404 for any other."""
    return get_object_or_404(TrackingDomain, workspace=member.workspace, pk=pk)
