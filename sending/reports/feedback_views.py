"""HTTP of the feedback: opt-outs and complaints of each mailbox and campaign, as a page, as a card and as a file."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.downloads import download
from outreach.kit.htmx import render_region
from sending.ledger.kinds import OPT_OUT_WAYS
from sending.mailboxes.queries import mailbox_for
from sending.postmaster.queries import MOST_SPANS
from sending.reports.feedback import (
    DAYS,
    first_day,
    of_campaigns,
    of_mailbox,
    of_mailboxes,
)
from sending.reports.objections import Objections
from sending.reports.provider_reports import address_warnings, spans_of, standings_of
from sending.reports.providers import OfProvider, by_provider
from sending.reports.results import Rate

_FOLDER = "sending/reports"
_COLUMNS = (
    "of", "name", "delivered", "opt-outs", "opt-out rate", "opt-out rate from", "opt-out rate to", "complaints",
    "complaint rate", "complaint rate from", "complaint rate to", *(f"by {way}" for way in OPT_OUT_WAYS),
)  # fmt: skip


@require_GET
@member_page(Role.VIEWER)
def feedback(request: MemberRequest) -> HttpResponse:
    """Show what was said of all mailboxes and campaigns."""
    workspace = request.member.workspace
    context = {
        "mailboxes": of_mailboxes(workspace),
        "campaigns": of_campaigns(workspace),
        "by_provider": by_provider(workspace),
        "standings": standings_of(workspace),
        "warnings": address_warnings(spans_of(workspace, MOST_SPANS)),
        "days": DAYS,
        "since": first_day(workspace),
        "may_export": request.member.may(Role.MEMBER),
    }
    return render_region(request, f"{_FOLDER}/feedback.html", context)


@require_GET
@member_page(Role.VIEWER)
def mailbox_feedback(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what was said of one mailbox."""
    mailbox = mailbox_for(request.member, pk)
    context = {"of": of_mailbox(mailbox), "days": DAYS, "since": first_day(mailbox.workspace)}
    return render_region(request, f"{_FOLDER}/mailbox_feedback.html", context, region="feedback")


@require_GET
@member_page(Role.MEMBER)
def feedback_file(request: MemberRequest) -> HttpResponseBase:
    """Stream the numbers of all mailboxes, campaigns and providers; rates between 0 and 1, empty where unknown."""
    workspace = request.member.workspace
    rows = [
        *(("mailbox", one.mailbox.address, *_cells(one.said)) for one in of_mailboxes(workspace)),
        *(("campaign", one.campaign.name, *_cells(one.said)) for one in of_campaigns(workspace)),
        *(("provider", one.name, *_cells_of_provider(one)) for one in by_provider(workspace).rows),
    ]
    return download(request, f"feedback-{workspace.slug}", _COLUMNS, rows)


def _cells(said: Objections) -> tuple[object, ...]:
    ways = dict(said.ways)
    numbers = (*_cells_of_rate(said.opt_outs), *_cells_of_rate(said.complaints))
    return (said.delivered, *numbers, *(ways.get(way, 0) for way in OPT_OUT_WAYS))


def _cells_of_provider(one: OfProvider) -> tuple[object, ...]:
    """Return the cells of a provider, of whom no opt-outs are counted."""
    complaints = ("", "", "", "") if one.complaints is None else _cells_of_rate(one.complaints)
    return (one.delivered, "", "", "", "", *complaints, *("" for _ in OPT_OUT_WAYS))


def _cells_of_rate(one: Rate) -> tuple[object, ...]:
    return (one.hits, *(("", "", "") if one.share is None else (round(x, 6) for x in (one.share, one.low, one.high))))
