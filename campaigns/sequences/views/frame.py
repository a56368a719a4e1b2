"""What the pages of the editor share: the frame around a campaign, and how a form is read, tried and answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect

from campaigns.sequences.closed_forms import ClosingForm
from campaigns.sequences.errors import BadEdit, Overtaken, SequenceError
from campaigns.sequences.forms import CampaignForm, EditForm, RefusableForm
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CLOSED
from outreach.accounts.access import MemberRequest
from outreach.accounts.roles import Role
from outreach.slots import CAMPAIGN_TABS

FOLDER = "campaigns/sequences"


def editor_context(campaign: Campaign, **more: Any) -> dict[str, Any]:
    """Return what every page of a campaign shows around its own content."""
    return {"campaign": campaign, "tabs": CAMPAIGN_TABS, **more}


def saved(request: MemberRequest, form: RefusableForm, act: Callable[[], object]) -> bool:
    """Act; what is refused is told in the form, or above the page when it is no matter of the form."""
    try:
        act()
    except BadEdit as error:
        form.refuse(error)
    except SequenceError as error:
        if isinstance(error, Overtaken) and isinstance(form, EditForm):
            form.overtake(error)
        else:
            messages.error(request, str(error))
    else:
        return True
    return False


def attempt(
    request: MemberRequest,
    campaign_id: int,
    act: Callable[[], object],
    words: str = "",
    *,
    to: str = "sequences:sequence",
) -> HttpResponse:
    """Act and go back to the sequence, or to another page of the campaign, with what was refused, or with the words."""
    try:
        act()
    except SequenceError as error:
        messages.error(request, str(error))
    else:
        if words:
            messages.success(request, words)
    return redirect(request.member.url(to, campaign_id))


def sent(request: MemberRequest) -> QueryDict | None:
    """Return what a form sent, also when it is empty; None when the page is only looked at."""
    return request.POST if request.method == "POST" else None


def may_change_it(request: MemberRequest, campaign: Campaign) -> bool:
    return request.member.may(Role.MEMBER) and campaign.state not in CLOSED


def status_of(form: CampaignForm | EditForm | ClosingForm) -> int:
    return 422 if form.is_bound else 200
