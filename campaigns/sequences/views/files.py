"""A campaign given out as a file, and a draft made of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.sequences import queries
from campaigns.sequences.portable.exporting import content_of, file_name
from campaigns.sequences.portable.importing import Imported, import_file
from campaigns.sequences.portable.reading import BadFile, read_file
from campaigns.sequences.portable.shape import FILE_LIMIT_BYTES
from campaigns.sequences.views.frame import FOLDER
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region


class CampaignFileForm(forms.Form):
    """A campaign file."""

    file = forms.FileField(label="File", error_messages={"required": "Choose a file.", "empty": "The file is empty."})

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > FILE_LIMIT_BYTES:
            raise forms.ValidationError(f"The file has more than {FILE_LIMIT_BYTES:,} bytes, which none has.")
        return file


@require_GET
@member_page(Role.VIEWER)
def campaign_file(request: MemberRequest, pk: int) -> HttpResponse:
    """Give the campaign out as a file: what was written and planned, and nobody's address."""
    campaign = queries.campaign_for(request.member, pk)
    try:
        content = content_of(campaign)
    except BadFile as error:
        messages.error(request, str(error))
        return redirect(request.member.url("sequences:sequence", pk))
    response = HttpResponse(content, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{file_name(campaign)}"'
    return response


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def campaign_from_file(request: MemberRequest) -> HttpResponse:
    """Make a draft of a file; what should be looked at before a launch is told once."""
    is_post = request.method == "POST"
    form = CampaignFileForm(request.POST if is_post else None, request.FILES if is_post else None)
    made = _made(request, form) if form.is_valid() else None
    if made and not made.notes:
        messages.success(request, f"{made.campaign.name} is here as a draft.")
        return redirect(request.member.url("sequences:sequence", made.campaign.pk))
    context = {"form": form, "made": made, "limit_mb": FILE_LIMIT_BYTES // 1_000_000}
    status = 422 if form.errors else 200
    return render_region(request, f"{FOLDER}/from_file.html", context, region="from_file", status=status)


def _made(request: MemberRequest, form: CampaignFileForm) -> Imported | None:
    try:
        return import_file(request.member, read_file(form.cleaned_data["file"].read()))
    except BadFile as error:
        for cause in error.causes:
            form.add_error("file", cause)
        return None
