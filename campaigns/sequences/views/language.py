"""The page of reference of the language that wordings are written in."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.sequences.language import LONGEST_TRIAL, trial_of, variables_of
from campaigns.sequences.views.frame import FOLDER
from campaigns.templating import reference
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region

_EXAMPLE = "Hi {{ first_name|default('there') }},"


@require_GET
@member_page(Role.VIEWER)
def language(request: MemberRequest) -> HttpResponse:
    """Show everything that a wording may hold, and try a text."""
    workspace = request.member.workspace
    source = request.GET.get("text", "").replace("\0", "")
    context = {
        "reference": reference,
        "variables": variables_of(workspace),
        "trial": trial_of(workspace, source) if source.strip() else None,
        "example": _EXAMPLE,
        "longest": LONGEST_TRIAL,
    }
    return render_region(request, f"{FOLDER}/language.html", context, region="trial")
