"""HTTP of rehearsals."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from campaigns.sequences.positions import step_name
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from sending.outbox.states import AttemptOutcome
from sending.planner.forecast.columns import chart_of
from sending.planner.states import EnrollmentState
from sending.rehearsal import queries, services
from sending.rehearsal.casting import MOST_PEOPLE
from sending.rehearsal.errors import NotPossible
from sending.rehearsal.findings import ending_words, found_in
from sending.rehearsal.forms import RehearsalForm
from sending.rehearsal.mails import shown
from sending.rehearsal.models import Rehearsal
from sending.rehearsal.states import UNFINISHED, RehearsalState

_FOLDER = "sending/rehearsal"


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def rehearsals(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask for a rehearsal of a campaign, and list those that are kept."""
    campaign = campaign_for(request.member, pk)
    form = RehearsalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.start_rehearsal(
                request.member,
                campaign,
                days=form.cleaned_data["days"],
                seed=form.cleaned_data["seed"],
                shares=form.shares(),
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            return redirect(request.member.url("rehearsal:detail", row.pk))
    context = editor_context(
        campaign, form=form, rows=queries.rehearsals_of(campaign), obstacle=queries.obstacle_of(campaign)
    )
    return render_region(request, f"{_FOLDER}/list.html", context, status=422 if form.is_bound else 200)


@require_GET
@member_page(Role.VIEWER)
def newest(request: MemberRequest, pk: int) -> HttpResponse:
    """Say in a few words how the newest rehearsal went, for the review of the campaign."""
    campaign = campaign_for(request.member, pk)
    row = next(iter(queries.rehearsals_of(campaign)), None)
    found = found_in(row) if row else []
    context = editor_context(
        campaign,
        rehearsal=row,
        is_under_way=row is not None and row.state in UNFINISHED,
        grave=sum(one.tone == "red" for one in found),
        found=len(found),
        obstacle="" if row else queries.obstacle_of(campaign),
    )
    return render_region(request, f"{_FOLDER}/newest.html", context, region="newest")


@require_GET
@member_page(Role.VIEWER)
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show how far a rehearsal is, then its report."""
    row = queries.rehearsal_for(request.member, pk)
    is_under_way = row.state in UNFINISHED
    if request.htmx and not is_under_way:
        return HttpResponseClientRedirect(request.path)
    context = _frame(row, percent=queries.percent_of(row), is_under_way=is_under_way)
    if not is_under_way:
        context |= _report(row)
    return render_region(request, f"{_FOLDER}/detail.html", context, region="progress")


@require_POST
@member_page(Role.MEMBER)
def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    """Call a rehearsal off."""
    row = queries.rehearsal_for(request.member, pk)
    if services.cancel(row):
        messages.success(request, "The rehearsal is called off.")
    else:
        messages.info(request, "The rehearsal was over already.")
    return redirect(request.member.url("rehearsal:detail", row.pk))


@require_GET
@member_page(Role.VIEWER)
def message_list(request: MemberRequest, pk: int) -> HttpResponse:
    """List who would have got what, and when."""
    row = queries.rehearsal_for(request.member, pk)
    filters = _asked(request, "outcome", "step", "day", "q")
    if filters["outcome"] not in set(AttemptOutcome):
        filters["outcome"] = ""
    rows = queries.messages_of(
        row, outcome=filters["outcome"], step=filters["step"], day=_day(filters["day"]), search=filters["q"]
    )
    page = paged(request, rows, by="at", rises=True)
    context = _frame(
        row,
        page=page,
        lines=[(one, step_name(one.position)) for one in page.rows],
        filters=filters,
        outcomes=queries.outcomes_of(row),
        steps=queries.steps_of(row),
    )
    return render_region(request, f"{_FOLDER}/messages.html", context, region="messages")


@require_GET
@member_page(Role.VIEWER)
def people(request: MemberRequest, pk: int) -> HttpResponse:
    """List where everybody would stand, and why."""
    row = queries.rehearsal_for(request.member, pk)
    filters = _asked(request, "state", "reason", "q")
    if filters["state"] not in set(EnrollmentState):
        filters["state"] = ""
    rows = queries.people_of(row, state=filters["state"], reason=filters["reason"], search=filters["q"])
    context = _frame(
        row,
        page=paged(request, rows, by="id", rises=True),
        filters=filters,
        states=list(EnrollmentState),
        reasons=sorted({reason for _, reason, _ in queries.reasons_of(row)}),
    )
    return render_region(request, f"{_FOLDER}/people.html", context, region="people")


@require_GET
@member_page(Role.VIEWER)
def message(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one message as it would have left, and what came back."""
    row = queries.message_for(request.member, pk)
    theirs = queries.messages_of(row.rehearsal).filter(contact=row.contact_id)
    context = _frame(
        row.rehearsal,
        row=row,
        step=step_name(row.position),
        mail=shown(bytes(row.raw)),
        arrivals=list(row.arrivals.defer("raw").order_by("at", "pk")),
        others=theirs.exclude(pk=row.pk).order_by("at", "pk"),
    )
    return render_region(request, f"{_FOLDER}/message.html", context)


@require_GET
@member_page(Role.VIEWER)
def source(request: MemberRequest, pk: int) -> HttpResponse:
    """Give the very bytes of a message as a file."""
    row = queries.message_for(request.member, pk)
    response = HttpResponse(bytes(row.raw), content_type="message/rfc822")
    response["Content-Disposition"] = f'attachment; filename="rehearsed-{row.pk}.eml"'
    return response


@require_GET
@member_page(Role.VIEWER)
def arrival(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a mail that came back in a rehearsal."""
    row = queries.arrival_for(request.member, pk)
    context = _frame(row.message.rehearsal, row=row, mail=shown(bytes(row.raw)))
    return render_region(request, f"{_FOLDER}/arrival.html", context)


def _frame(rehearsal: Rehearsal, **more: Any) -> dict[str, Any]:
    home = ZoneInfo(rehearsal.campaign.workspace.time_zone)
    return editor_context(rehearsal.campaign, rehearsal=rehearsal, home=home, **more)


def _report(row: Rehearsal) -> dict[str, Any]:
    chart = chart_of(queries.sent_by_day(row), {}, row.campaign_id)
    names = [step_name(position) for position, _ in chart.tones]
    report = row.report or {}
    return {
        "report": report,
        "found": found_in(row),
        "ending": ending_words(row) if row.state == RehearsalState.DONE else "",
        "standing": queries.standing_of(row),
        "reasons": queries.reasons_of(row),
        "arrivals": queries.arrivals_of(row),
        "outcomes": queries.outcomes_of(row),
        "chart": chart,
        "steps": [(name, tone) for name, (_, tone) in zip(names, chart.tones, strict=True)],
        "days": [(one.day, list(zip(names, one.day.counts, strict=True))) for one in chart.columns],
        "left_out_beside": any(one.get("left_out") for one in report.get("others", ())),
        "most_people": MOST_PEOPLE,
        "broken": sum(one["broken"] for one in report.get("checks", ())),
    }


def _asked(request: MemberRequest, *names: str) -> dict[str, str]:
    return {name: request.GET.get(name, "").replace("\0", "")[:100] for name in names}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
