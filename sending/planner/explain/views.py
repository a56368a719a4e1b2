"""HTTP of the question "why not?": for a person of a campaign, now and on a day."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.plans import plans
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.guard.queries import why_nothing_leaves
from sending.ledger.days import asked_day
from sending.mailboxes.budgets import database_now
from sending.planner import queries
from sending.planner.claim.facts import zone_of
from sending.planner.explain.past import past_day
from sending.planner.explain.places import Place, place_of
from sending.planner.explain.present import present_of
from sending.planner.explain.remedies import prospect_of
from sending.planner.models import Enrollment

_FOLDER = "sending/planner"


@require_GET
@member_page(Role.VIEWER)
def why(request: MemberRequest, pk: int) -> HttpResponse:
    """Explain why a person is not written to now, or was not on a day."""
    row = queries.enrollment_for(request.member, pk)
    now = database_now()
    home = ZoneInfo(row.workspace.time_zone)
    asked = asked_day(request.GET.get("day", ""), now=now, zone=home)
    day = past_day(row, asked.day, now=now)
    present = present_of(row, now=now)
    context = {
        "row": row,
        "present": [(one, _place(row, one.code, one.mailbox_id)) for one in present.reasons],
        "mailbox": present.mailbox,
        "past": day,
        "line": [(span, _place(row, span.code, span.mailbox_id)) for span in day.line],
        "reason_place": _place(row, day.reason.code, day.reason.mailbox_id) if day.reason else None,
        "asked": asked,
        "home": home,
    }
    return render_region(request, f"{_FOLDER}/why.html", context, region="day")


@require_GET
@member_page(Role.VIEWER)
def prospect(request: MemberRequest, pk: int) -> HttpResponse:
    """Reckon when a person is written to next, and what would let it be earlier."""
    row = queries.enrollment_for(request.member, pk)
    now = database_now()
    found = prospect_of(row, present_of(row, now=now), now=now)
    zone = zone_of(plans([row.campaign_id])[row.campaign_id], row.contact)[1]
    context = {"row": row, "prospect": found, "standstill": why_nothing_leaves(), "zone": zone}
    return render_region(request, f"{_FOLDER}/prospect.html", context, region="prospect")


def _place(row: Enrollment, code: str, mailbox_id: int | None) -> Place | None:
    return place_of(code, campaign_id=row.campaign_id, mailbox_id=mailbox_id, contact_id=row.contact_id)
