"""HTTP of the guard of missing values: who lacks what, and a fallback by one click."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.comparing import compare
from campaigns.sequences.effects import effects_of
from campaigns.sequences.errors import SequenceError
from campaigns.sequences.models import Campaign
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.services import Fallback, fallback_for, give_fallback
from campaigns.sequences.states import LAUNCHED, CampaignState
from campaigns.sequences.variables import known_variables
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.ids import row_id
from outreach.kit.words import plural
from sending.planner.audience.gaps import MOST_LOOKED, guard_of
from sending.planner.review.values import values_gate


@require_GET
@member_page(Role.VIEWER)
def gaps(request: MemberRequest, pk: int) -> HttpResponse:
    """Show which contacts would be held for want of which value, by variable and one by one."""
    campaign = campaign_for(request.member, pk)
    name = request.GET.get("name", "").replace("\0", "")
    since = _id_in(request, "since")
    after = max(since, _id_in(request, "after"))
    context = editor_context(
        campaign,
        guard=guard_of(campaign, name=name, after=after, since=since),
        known=known_variables(campaign.workspace_id),
        name=name,
        after=after,
        since=since,
        most=MOST_LOOKED,
        is_empty=campaign.state == CampaignState.DRAFT and not audience_contacts(campaign).exists(),
        may_change=request.member.may(Role.MEMBER) and campaign.state != CampaignState.ARCHIVED,
    )
    return render_region(request, "sending/planner/gaps.html", context, region="gaps")


def _id_in(request: MemberRequest, name: str) -> int:
    return row_id(request.GET.get(name, ""))


@require_GET
@member_page(Role.VIEWER)
def gaps_gate(request: MemberRequest, pk: int) -> HttpResponse:
    """Show among the gates of the review whether everybody has what the wordings use."""
    campaign = campaign_for(request.member, pk)
    context = editor_context(campaign, gate=values_gate(guard_of(campaign)))
    return render_region(request, "sending/planner/gaps_gate.html", context, region="gate")


@require_POST
@member_page(Role.MEMBER)
def fallback(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a fallback behind each use of a variable, in every wording of the campaign.

    In a launched campaign it is shown first what changes for whom.
    """
    campaign = campaign_for(request.member, pk)
    name, words = request.POST.get("variable", ""), request.POST.get("words", "")
    if name not in known_variables(campaign.workspace_id):
        messages.error(request, "There is no such variable any more.")
        return redirect(request.member.url("planner:gaps", pk))
    seen = request.POST.get("seen")
    try:
        if campaign.state in LAUNCHED and seen is None:
            found = fallback_for(campaign, name, words)
            if found.given:
                return _changes(request, campaign, name, words, found)
        else:
            found = give_fallback(campaign, name, words, by=request.member.user, seen=seen)
    except SequenceError as error:
        messages.error(request, str(error))
        return redirect(request.member.url("planner:gaps", pk))
    if found.given:
        told = plural(len(found.given), "wording,wordings")
        messages.success(request, f"“{words.strip()}” stands in for {name} in {told}.")
    elif not found.refused:
        messages.error(request, f"Nothing was changed: no wording would show {name} without a fallback.")
    for refusal in found.refused:
        messages.error(request, refusal)
    return redirect(request.member.url("planner:gaps", pk))


def _changes(request: MemberRequest, campaign: Campaign, name: str, words: str, found: Fallback) -> HttpResponse:
    """Show what a fallback changes in a launched campaign, and for how many, before it counts."""
    changes, touched = [], 0
    for one in found.given:
        old, new = one.variant, one.text
        effects = effects_of(old.step_id)
        theirs = effects.of(old.label)
        pending = theirs.then if theirs else effects.pending
        touched += pending
        parts = (
            ("Subject", old.subject, new.subject),
            ("Text", old.body_text, new.body_text),
            ("HTML", old.body_html, new.body_html),
        )
        differences = [(part, compare(before, after)) for part, before, after in parts if before != after]
        changes.append({"variant": old, "differences": differences, "pending": pending, "sent": effects.sent})
    context = editor_context(
        campaign, name=name, words=words, seen=found.seen, changes=changes, touched=touched, refused=found.refused
    )
    return render_region(request, "sending/planner/fallback.html", context)
