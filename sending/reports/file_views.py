"""Reports as files: the people of a campaign with what became of each, and the messages that a page lists."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponseBase
from django.views.decorators.http import require_GET

from campaigns.sequences.queries import campaign_for
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.downloads import TOGETHER, download
from sending.planner.models import Enrollment
from sending.reports import queries

_PEOPLE = {
    "email": "contact__email", "first name": "contact__first_name", "last name": "contact__last_name",
    "company": "contact__company", "state": "state", "reason": "stop_reason", "detail": "stop_detail",
    "next step": "next_position", "mailbox": "mailbox__address", "enrolled": "created_at", "begun": "begun_at",
    "last sent": "last_sent_at", "ended": "ended_at",
}  # fmt: skip
_MESSAGES = {
    "recipient": "recipient", "campaign": "campaign__name", "step": "step__position", "wording": "variant__label",
    "subject": "subject", "mailbox": "mailbox__address", "state": "state", "reason": "reason",
    "answer code": "reply_code", "answer": "reply_text", "made": "created_at", "sent": "sent_at",
    "message id": "message_id",
}  # fmt: skip


@require_GET
@member_page(Role.MEMBER)
def campaign_file(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Stream the people of a campaign, each with where they stand and why."""
    campaign = campaign_for(request.member, pk)
    rows = Enrollment.objects.filter(campaign=campaign).order_by("pk").values_list(*_PEOPLE.values())
    lines = (tuple(map(_told, row)) for row in rows.iterator(chunk_size=TOGETHER))
    return download(request, f"campaign-{campaign.pk}", list(_PEOPLE), lines)


@require_GET
@member_page(Role.MEMBER)
def messages_file(request: MemberRequest) -> HttpResponseBase:
    """Stream the messages that the filters of the URL leave, newest first."""
    rows = queries.messages_of(request.member, queries.filters_from(request.GET)).values_list(*_MESSAGES.values())
    lines = (tuple(map(_told, row)) for row in rows.iterator(chunk_size=TOGETHER))
    return download(request, f"messages-{request.member.workspace.slug}", list(_MESSAGES), lines)


def _told(value: object) -> object:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
