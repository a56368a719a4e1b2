"""HTTP of the ground on which a campaign writes to its people, and of the law of their countries."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.contacts.queries import list_names_of, lists_weighed
from campaigns.contacts.states import LegalBasis
from campaigns.sequences.errors import Overtaken
from campaigns.sequences.queries import audience_of, campaign_for
from campaigns.sequences.states import CLOSED
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.planner.errors import NoRoom, NotReady
from sending.planner.forms import GroundForm
from sending.planner.lawful.covering import AS_CONSENT
from sending.planner.lawful.grounds import basis_words, lawful, stated
from sending.planner.lawful.law import Duty, checked_by, version
from sending.planner.lawful.measures import measures
from sending.planner.lawful.overriding import override, take_back
from sending.planner.lawful.stating import NO_CONSENT, state_ground

_FOLDER = "sending/planner"


@require_GET
@member_page(Role.VIEWER)
def law_by_country(request: MemberRequest) -> HttpResponse:
    """Show the table of laws, and what the program does for each country."""
    context = {"measures": measures(), "version": version(), "checked_by": checked_by()}
    return render(request, f"{_FOLDER}/law.html", context)


@require_POST
@member_page(Role.ADMIN)
def decision(request: MemberRequest, pk: int) -> HttpResponse:
    """Decide otherwise than a gate, where the law leaves room, or take that back."""
    campaign, duty = campaign_for(request.member, pk), request.POST.get("duty", "")
    if duty not in set(Duty):
        raise Http404("Nothing of this name can be decided")
    try:
        if request.POST.get("taken_back"):
            take_back(request.member, campaign, Duty(duty))
            messages.success(request, "Taken back.")
        else:
            override(request.member, campaign, Duty(duty), request.POST.get("reason", ""))
            messages.success(request, "Kept with your name and the reason.")
    except (NoRoom, NotReady) as error:
        messages.error(request, f"Nothing is changed. {error}")
    return redirect(request.member.url("planner:review", pk))


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.MEMBER)
def ground(request: MemberRequest, pk: int) -> HttpResponse:
    """State on what ground the campaign writes to its people; shows what their countries ask."""
    campaign = campaign_for(request.member, pk)
    found = lawful(campaign)
    may_change = request.member.may(Role.MEMBER) and campaign.state not in CLOSED
    before = {"seen": stated(campaign).seen}
    before |= {"basis": found.ground.basis, "words": found.ground.words} if found.ground else {}
    form = GroundForm(request.POST if request.method == "POST" else None, initial=before, is_frozen=not may_change)
    if form.is_valid():
        data = form.cleaned_data
        try:
            basis, words = LegalBasis(data["basis"]), data["words"].strip()
            state_ground(request.member, campaign, basis, words, seen=data["seen"])
        except NotReady as error:
            form.add_error("basis", f"Nothing is changed: the campaign goes on writing to them. {error}")
        except Overtaken as error:
            form.overtake(error)
        else:
            is_none = basis in AS_CONSENT and not request.member.may(Role.ADMIN)
            messages.success(request, f"Saved. {NO_CONSENT}" if is_none else "Saved.")
            return redirect(request.member.url("planner:review", pk))
    context = editor_context(
        campaign,
        form=form,
        lawful=found,
        lists=list_names_of(request.member).filter(pk__in=audience_of(campaign)),
        weighed=lists_weighed(campaign.workspace_id),
        version=version(),
        may_change=may_change,
        is_admin=request.member.may(Role.ADMIN),
        is_as_consent=found.ground is not None and found.ground.basis in AS_CONSENT,
        stated=basis_words(found.ground.basis) if found.ground else "",
    )
    status = 422 if form.is_bound else 200
    return render_region(request, f"{_FOLDER}/ground.html", context, region="ground", status=status)
