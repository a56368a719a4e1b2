"""HTTP of the pages over all rooms."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.queries import campaign_for, campaigns_of
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from sending.ledger.kinds import OF_CAMPAIGN, EventKind
from sending.ledger.queries import feed, totals
from sending.mailboxes.budgets import budgets_of
from sending.mailboxes.cooling import cooling_in
from sending.mailboxes.queries import mailboxes_of
from sending.mailboxes.reported import report_alarms_of
from sending.outbox.states import MessageState
from sending.planner.queries import held_by_reason, standing_of
from sending.reports import queries
from sending.reports.daily import DAY_KINDS, last_days_of, overview_of
from sending.reports.doubts import doubt_about
from sending.reports.feedback import of_campaign, of_mailboxes
from sending.reports.log import LogFilters, lines_of, log_filters_from, log_of
from sending.reports.results import results_of

_FOLDER = "sending/reports"
_STORY = 8  # decisions on a campaign's page; the log has them all


@require_GET
@member_page(Role.VIEWER)
def home(request: MemberRequest) -> HttpResponse:
    """Show what goes out, what came back and what needs a person."""
    member = request.member
    campaigns = campaigns_of(member)[:5]
    standings = standing_of([campaign.pk for campaign in campaigns])
    context = {
        "overview": overview_of(member),
        "in_doubt": queries.in_doubt(member),
        "held": queries.waiting_by_reason(member),
        "needs": queries.mailboxes_that_need_you(member),
        "cooling": cooling_in(member.workspace.pk),
        "reported": report_alarms_of(member.workspace),
        "guarded": queries.paused_by_guards(member),
        "warned": [one for one in of_mailboxes(member.workspace) if one.warning],
        "checklist": queries.checklist_of(member),
        "campaigns": [(campaign, standings.get(campaign.pk)) for campaign in campaigns],
        "feed": lines_of(member, feed(member, kinds=queries.FEED_KINDS)),
    }
    return render_region(request, f"{_FOLDER}/home.html", context, region="live")


@require_GET
@member_page(Role.VIEWER)
def log(request: MemberRequest) -> HttpResponse:
    """List what happened: the rows behind the numbers that are counted from events."""
    member = request.member
    filters = log_filters_from(request.GET)
    page = paged(request, log_of(member, filters), by="happened_at")
    context = {
        "page": page,
        "lines": lines_of(member, page.rows),
        "filters": filters,
        "is_filtered": filters != LogFilters(),
        "kinds": list(EventKind),
        "campaigns": campaigns_of(member),
        "mailboxes": mailboxes_of(member),
    }
    return render_region(request, f"{_FOLDER}/log.html", context, region="log")


@require_GET
@member_page(Role.VIEWER)
def messages_page(request: MemberRequest) -> HttpResponse:
    """Search every message."""
    filters = queries.filters_from(request.GET)
    context = {
        "page": paged(request, queries.messages_of(request.member, filters), by="id"),
        "filters": filters,
        "is_filtered": filters != queries.MessageFilters(),
        "mailboxes": mailboxes_of(request.member),
        "states": [*MessageState, queries.WENT],
        "campaigns": campaigns_of(request.member),
    }
    return render_region(request, f"{_FOLDER}/messages.html", context, region="messages")


@require_GET
@member_page(Role.VIEWER)
def message_story(request: MemberRequest, pk: int) -> HttpResponse:
    """Tell the story of one message."""
    story = queries.story_for(request.member, pk)
    context = {"story": story, "doubt": doubt_about(request.member, story.message)}
    return render_region(request, f"{_FOLDER}/message.html", context)


@require_GET
@member_page(Role.VIEWER)
def results(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what a campaign has brought, with denominators and intervals."""
    campaign = campaign_for(request.member, pk)
    counted = totals(request.member.workspace.pk, campaign_id=pk)
    context: dict[str, Any] = editor_context(
        campaign,
        results=results_of(campaign, counted),
        said=of_campaign(campaign),
        standing=standing_of([pk]).get(pk),
        holds=held_by_reason(campaign),
        senders=budgets_of(queries.senders_of(campaign)),
        days=last_days_of(request.member, pk),
        day_kinds=DAY_KINDS,
        story=feed(request.member, kinds=OF_CAMPAIGN, campaign_id=pk, limit=_STORY),
    )
    return render_region(request, f"{_FOLDER}/results.html", context, region="live")
