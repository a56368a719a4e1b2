"""HTTP of a day: who of a campaign was due and what became of each, and what held a mailbox."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.queries import campaign_for
from campaigns.sequences.views.frame import editor_context
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from sending.ledger.days import asked_day
from sending.ledger.kinds import EventKind
from sending.ledger.queries import count_on
from sending.mailboxes.budgets import database_now
from sending.mailboxes.queries import mailbox_for
from sending.planner.models import Enrollment
from sending.reports.mailbox_days import holds_of
from sending.reports.waterfall import waterfall_of

_FOLDER = "sending/reports"


@require_GET
@member_page(Role.VIEWER)
def day(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the waterfall of a day, and the people behind one of its rows."""
    campaign = campaign_for(request.member, pk)
    now = database_now()
    asked = asked_day(request.GET.get("day", ""), now=now, zone=ZoneInfo(request.member.workspace.time_zone))
    found = waterfall_of(campaign, asked.day, now=now)
    cause = request.GET.get("cause", "")
    people = Enrollment.objects.filter(pk__in=found.people(cause)).select_related("contact") if cause else None
    context = editor_context(
        campaign,
        waterfall=found,
        asked=asked,
        cause=cause,
        page=paged(request, people.order_by("-id"), by="id") if people is not None else None,
    )
    return render_region(request, f"{_FOLDER}/day.html", context, region="day")


@require_GET
@member_page(Role.VIEWER)
def mailbox_day(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what held a mailbox on a day, and how many messages it tried all the same."""
    mailbox = mailbox_for(request.member, pk)
    now = database_now()
    home = ZoneInfo(request.member.workspace.time_zone)
    asked = asked_day(request.GET.get("day", ""), now=now, zone=home)
    context = {
        "mailbox": mailbox,
        "holds": holds_of(mailbox, asked.day, now=now),
        "attempted": count_on(mailbox.workspace_id, asked.day, EventKind.ATTEMPTED, mailboxes=[pk]),
        "asked": asked,
        "home": home,
    }
    return render_region(request, f"{_FOLDER}/mailbox_day.html", context, region="day")
