"""Pages of when a campaign sends, and of the days on which none does."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from campaigns.calendar import closed_text
from campaigns.sequences import queries, services
from campaigns.sequences.closed_forms import ClosedDaysForm, ClosingForm, labels
from campaigns.sequences.closing import Closing, closing_of, days_to_come
from campaigns.sequences.comparing import compare
from campaigns.sequences.effects import effects_of_schedule
from campaigns.sequences.forms import CampaignForm, EditForm
from campaigns.sequences.models import Campaign
from campaigns.sequences.opening import Opening, opening_of
from campaigns.sequences.schedule_forms import ScheduleForm, schedule_values
from campaigns.sequences.seen import seen_closing
from campaigns.sequences.states import LAUNCHED
from campaigns.sequences.views.changes import is_sure
from campaigns.sequences.views.frame import FOLDER, editor_context, may_change_it, saved, sent, status_of
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def schedule(request: MemberRequest, pk: int) -> HttpResponse:
    """Set when the campaign may send."""
    campaign = queries.campaign_for(request.member, pk)
    windows, may_change = queries.windows_of(campaign), may_change_it(request, campaign)
    own, of_workspace = closing_of(campaign.workspace_id, campaign), closing_of(campaign.workspace_id, None)
    form = ScheduleForm(sent(request), initial=schedule_values(campaign, windows, own), is_frozen=not may_change)
    if form.is_bound and "same" in request.POST:
        form.like_monday()
    is_first_look = campaign.state in LAUNCHED and not is_sure(request)
    if form.is_valid() and not _looks(request):
        shown = _changes(request, campaign, form) if is_first_look else None
        if shown is not None:
            return shown
        if form.is_valid() and saved(request, form, lambda: _save_schedule(request, campaign, form)):
            messages.success(request, "Schedule saved.")
            return redirect(request.member.url("sequences:schedule", pk))
    context = editor_context(
        campaign,
        form=form,
        may_change=may_change,
        of_workspace=of_workspace,
        opening=_opening(campaign, form, own, of_workspace),
        **_days(form, own, campaign.time_zone, beside=of_workspace),
    )
    return render_region(request, f"{FOLDER}/schedule.html", context, region="schedule", status=_looked(request, form))


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def closed_days(request: MemberRequest) -> HttpResponse:
    """Set the days on which no campaign of the workspace sends."""
    workspace, may_change = request.member.workspace, request.member.may(Role.MEMBER)
    closing = closing_of(workspace.pk, None)
    seen = seen_closing(closing.spans, closing.regions)
    initial = {"closed": closed_text(closing.spans), "regions": labels(closing.regions), "seen": seen}
    form = ClosedDaysForm(sent(request), initial=initial, is_frozen=not may_change)
    if form.is_valid() and not _looks(request) and saved(request, form, partial(_close, request, form)):
        messages.success(request, "Saved. Every campaign follows it from its next message.")
        return redirect(request.member.url("sequences:closed_days"))
    context = {"form": form, "may_change": may_change, **_days(form, closing, workspace.time_zone)}
    status = _looked(request, form)
    return render_region(request, f"{FOLDER}/closed_days.html", context, region="closed", status=status)


def _changes(request: MemberRequest, campaign: Campaign, form: ScheduleForm) -> HttpResponse | None:
    """Show what another schedule of a launched campaign changes; None where it changes nothing, or is refused."""
    wanted, found = form.schedule(), list[tuple[list[str], list[str]]]()
    check = partial(services.check_schedule, campaign, wanted, seen=form.cleaned_data["seen"])
    if not saved(request, form, lambda: found.append(check())) or found[0][0] == found[0][1]:
        return None
    sent_names = set(request.POST) & {"seen", *form.fields}
    context = editor_context(
        campaign,
        pieces=compare(*("\n".join(lines) for lines in found[0])),
        effects=effects_of_schedule(campaign, wanted, reckons="reckon" in request.POST),
        fields=[(name, value) for name in sorted(sent_names) for value in request.POST.getlist(name)],
    )
    return render_region(request, f"{FOLDER}/schedule_changes.html", context, region="changes")


def _days(form: ClosingForm, stored: Closing, zone_name: str, *, beside: Closing | None = None) -> dict[str, Any]:
    """Return the closed days to come: as the form stands if it can be read, else as they are stored.

    beside: those of the workspace, where the form is of a campaign.
    """
    is_draft = form.is_bound and not {"closed", "regions"} & set(form.errors)
    closing = Closing(form.cleaned_data["closed"], form.cleaned_data["regions"]) if is_draft else stored
    days = days_to_come(zone_name, beside, closing) if beside else days_to_come(zone_name, closing)
    told = {"unknown": closing.unknown, "ending": closing.ending}
    return {"days": days, **told, "is_draft": is_draft, "with_owner": beside is not None}


def _opening(campaign: Campaign, form: ScheduleForm, own: Closing, of_workspace: Closing) -> Opening | None:
    """Return the windows to come: as the form stands if it can be read, else as they are stored."""
    if form.is_bound and form.is_valid():
        asked = form.schedule()
        closings = [of_workspace, Closing(asked.closed, asked.regions)]
        return opening_of(asked.time_zone, asked.windows, closings, starts_on=asked.starts_on)
    windows = queries.windows_of(campaign)
    return opening_of(campaign.time_zone, windows, [of_workspace, own], starts_on=campaign.starts_on)


def _looks(request: MemberRequest) -> bool:
    """Say whether the days of a form are asked for before it is saved."""
    return "look" in request.POST or "same" in request.POST


def _looked(request: MemberRequest, form: CampaignForm | EditForm | ClosingForm) -> int:
    return 200 if _looks(request) and form.is_valid() else status_of(form)


def _save_schedule(request: MemberRequest, campaign: Campaign, form: ScheduleForm) -> None:
    services.save_schedule(campaign, form.schedule(), seen=form.cleaned_data["seen"], who=request.member.user)


def _close(request: MemberRequest, form: ClosedDaysForm) -> None:
    data, who = form.cleaned_data, request.member.user
    services.close(request.member.workspace, data["closed"], data["regions"], seen=data["seen"], who=who)
