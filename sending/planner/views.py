"""HTTP of the campaign pages that need mailboxes and people."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.sequences.errors import SequenceError
from campaigns.sequences.models import Campaign, Step
from campaigns.sequences.plans import plans
from campaigns.sequences.queries import campaign_for
from campaigns.sequences.states import CampaignState
from campaigns.sequences.views.frame import editor_context, saved
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit import clock
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from outreach.kit.words import moment, plural
from sending.mailboxes.budgets import database_now
from sending.mailboxes.errors import StillGuarded
from sending.mailboxes.guarding import mailbox_alarms
from sending.mailboxes.queries import mailbox_for
from sending.pacing import HoldCode
from sending.planner import queries, services
from sending.planner.claim.books import books_of
from sending.planner.claim.facts import senders_of, zone_of
from sending.planner.claim.throttling import throttle_values
from sending.planner.ending import archive, stop_campaign
from sending.planner.errors import NotReady
from sending.planner.forms import ThrottlesForm
from sending.planner.progress.guards import campaign_alarms, guarded_campaign, why_paused
from sending.planner.review import review_of
from sending.planner.review.readiness import stalls
from sending.planner.services.limits import seen_throttles, set_throttles
from sending.planner.stances import Stance, stances_at
from sending.planner.states import EnrollmentState, StopReason

_FOLDER = "sending/planner"
_KNOWN = {
    "state": set(EnrollmentState),
    "hold": {*HoldCode, queries.ANY_HOLD, queries.NO_HOLD},
    "reason": set(StopReason),
    "begun": {"yes", "no"},
}


@require_GET
@member_page(Role.VIEWER)
def book(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what a mailbox has spent of its day, what is kept for follow-ups, and what new contacts may use."""
    mailbox = mailbox_for(request.member, pk)
    now = database_now()
    (found,) = books_of(senders_of([mailbox], now=now), now=now).values()
    context = {"mailbox": mailbox, "book": found, "now": now, "alarms": mailbox_alarms([pk]).get(pk, ())}
    return render_region(request, f"{_FOLDER}/book.html", context, region="book")


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def throttles(request: MemberRequest) -> HttpResponse:
    """Set how much one company, domain and provider get from the whole workspace."""
    workspace = request.member.workspace
    values = throttle_values(workspace)
    initial = {**values, "seen": seen_throttles(values)}
    form = ThrottlesForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        request.member.require(Role.ADMIN)
        if form.is_valid() and saved(request, form, partial(_set_throttles, request, form)):
            messages.success(request, "Saved. The next claim follows it.")
            return redirect(request.member.url("planner:throttles"))
    context = {"form": form, "may_change": request.member.may(Role.ADMIN)}
    status = 422 if form.is_bound else 200
    return render_region(request, f"{_FOLDER}/throttles.html", context, region="throttles", status=status)


def _set_throttles(request: MemberRequest, form: ThrottlesForm) -> None:
    seen, who = form.cleaned_data["seen"], request.member.user
    set_throttles(request.member.workspace, form.columns(), seen=seen, who=who)


@require_GET
@member_page(Role.VIEWER)
def review(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what will happen, what stands against it, and the button."""
    campaign = campaign_for(request.member, pk)
    return _review_page(request, campaign)


@require_POST
@member_page(Role.MEMBER)
def launch(request: MemberRequest, pk: int) -> HttpResponse:
    """Start the campaign, or show every obstacle."""
    campaign = campaign_for(request.member, pk)
    try:
        count = services.launch(request.member, campaign)
    except NotReady:
        return _review_page(request, campaign, status=422)
    except SequenceError as error:
        messages.error(request, str(error))
        return redirect(request.member.url("planner:review", pk))
    messages.success(request, f"Launched: {plural(count, 'contact is,contacts are')} in line.")
    return redirect(request.member.url("planner:people", pk))


@require_POST
@member_page(Role.MEMBER)
def pause(request: MemberRequest, pk: int) -> HttpResponse:
    """Stop sending; nothing is lost."""
    campaign = campaign_for(request.member, pk)
    return _move(request, campaign, lambda: services.pause(request.member, campaign), "Paused: nothing goes out.")


@require_POST
@member_page(Role.MEMBER)
def resume(request: MemberRequest, pk: int) -> HttpResponse:
    """Go on sending, at the usual pace; against complaints only with a reason."""
    campaign = campaign_for(request.member, pk)
    why = request.POST.get("why", "")
    act = partial(services.resume, request.member, campaign, why=why)
    return _move(request, campaign, act, "Resumed at the usual pace.")


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def stop(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask once, then end the campaign for good: whoever still waits is called off."""
    campaign = campaign_for(request.member, pk)
    if request.method == "GET":
        standing = queries.standing_of([pk]).get(pk)
        context = editor_context(campaign, standing=standing, waiting=standing.waiting if standing else 0)
        return render_region(request, f"{_FOLDER}/stop.html", context, region="stop")
    try:
        count = stop_campaign(request.member, campaign)
    except SequenceError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Stopped for good: {plural(count, 'person,people')} called off.")
    return redirect(request.member.url("planner:people", pk))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def archival(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask once, then put the campaign away: it does not come back."""
    campaign = campaign_for(request.member, pk)
    if request.method == "GET":
        return render_region(request, f"{_FOLDER}/archival.html", editor_context(campaign))
    return _move(request, campaign, lambda: archive(request.member, campaign), "Archived: it is kept as it was.")


@require_GET
@member_page(Role.VIEWER)
def people(request: MemberRequest, pk: int) -> HttpResponse:
    """List the contacts of the campaign: where each stands, why, and what comes next."""
    campaign = campaign_for(request.member, pk)
    narrowed = {name: request.GET.get(name, "") for name in _KNOWN}
    narrowed = {name: value if value in _KNOWN[name] else "" for name, value in narrowed.items()}
    standing = queries.standing_of([pk]).get(pk)
    filters = {**narrowed, "q": request.GET.get("q", "").replace("\0", "")[:100]}
    path, step = (_number(request.GET.get(name, "")) for name in ("path", "step"))
    behind, stance = _stance(campaign, request.GET)
    stands = stances_at(behind)[stance] if behind and stance else None
    rows = queries.people_of(campaign, **narrowed, search=filters["q"], path=path, step=step, stands=stands)
    context = editor_context(
        campaign,
        page=paged(request, rows, by="id"),
        filters=filters,
        path=path,
        step=step,
        behind=behind,
        stance=stance,
        standing=standing,
        waiting=standing.waiting if standing else 0,
        holds=queries.held_by_reason(campaign),
        states=list(EnrollmentState),
        stalls=stalls(campaign),
        alarms=campaign_alarms([pk]).get(pk, ()),
        why_paused=why_paused(campaign),
        guarded=guarded_campaign(campaign) if campaign.state == CampaignState.PAUSED else None,
        may_overrule=request.member.may(Role.ADMIN),
    )
    return render_region(request, f"{_FOLDER}/people.html", context, region="people")


@require_POST
@member_page(Role.MEMBER)
def onward(request: MemberRequest, pk: int) -> HttpResponse:
    """Let somebody go on behind a step that was made for them already."""
    row = queries.enrollment_for(request.member, pk)
    words = services.go_on(row)
    if words:
        messages.success(request, f"{row.contact.email}: {words}")
    else:
        messages.error(request, f"{row.contact.email} does not wait for such a step any more.")
    return redirect(request.member.url("planner:people", row.campaign_id))


@require_POST
@member_page(Role.MEMBER)
def release(request: MemberRequest, pk: int) -> HttpResponse:
    """Look at a held contact again at once; a rest of the address or a pause of the company ends by that."""
    row = queries.enrollment_for(request.member, pk)
    if row.hold_code == HoldCode.ADDRESS_HELD and services.let_address_go(request.member, row.contact):
        messages.success(request, f"{row.contact.email} rests no longer, in any campaign.")
        return redirect(request.member.url("planner:people", row.campaign_id))
    if row.hold_code == HoldCode.COMPANY_PAUSED and services.resume_company(request.member, row.contact.domain):
        messages.success(request, f"Everybody at {row.contact.domain} goes on, in all campaigns.")
        return redirect(request.member.url("planner:people", row.campaign_id))
    due = services.release(row)
    if due is None:
        messages.error(request, f"Nothing holds {row.contact.email} any more.")
    elif due > clock.now():
        _, zone = zone_of(plans([row.campaign_id])[row.campaign_id], row.contact)
        words = f"its step waits until {moment(due, zone)} by their clock."
        messages.success(request, f"{row.contact.email} is not held any more: {words}")
    else:
        messages.success(request, f"{row.contact.email} is looked at again now.")
    return redirect(request.member.url("planner:people", row.campaign_id))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask once, then take a contact out of the campaign for good; what was sent stays in its history."""
    row = queries.enrollment_for(request.member, pk)
    if request.method == "GET":
        return render_region(request, f"{_FOLDER}/removal.html", editor_context(row.campaign, row=row))
    with transaction.atomic():
        stopped = services.stop(row, StopReason.REMOVED, detail=f"Removed by {request.member.user.email}")
    if stopped:
        messages.success(request, f"{row.contact.email} gets nothing more from this campaign.")
    return redirect(request.member.url("planner:people", row.campaign_id))


def _number(text: str) -> int | None:
    """Return the small number of a path or a step that stands in a URL."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None


def _stance(campaign: Campaign, asked: QueryDict) -> tuple[Step | None, Stance | None]:
    """Return behind which step the people stand who are asked for, and how; a pair of None where the URL is silent."""
    position, name = _number(asked.get("behind", "")), asked.get("stance", "")
    if position is None or name not in set(Stance):
        return None, None
    step = Step.objects.filter(campaign=campaign, position=position).first()
    return (step, Stance(name)) if step else (None, None)


def _review_page(request: MemberRequest, campaign: Campaign, *, status: int = 200) -> HttpResponse:
    review = review_of(campaign) if campaign.launched_at is None else None
    context = editor_context(
        campaign,
        review=review,
        standing=queries.standing_of([campaign.pk]).get(campaign.pk),
        stalls=stalls(campaign),
        senders=review.senders if review else list(queries.senders_of_campaign(campaign).values()),
    )
    return render_region(request, f"{_FOLDER}/review.html", context, status=status)


def _move(request: MemberRequest, campaign: Campaign, act: Callable[[], None], words: str) -> HttpResponse:
    try:
        act()
    except (SequenceError, StillGuarded) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, words)
    return redirect(request.member.url("planner:people", campaign.pk))
