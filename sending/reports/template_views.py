"""HTTP of what came of templates: regions of the library's pages, and pages of their own."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.library.queries import template_for
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from sending.reports.template_results import template_results

_FOLDER = "sending/reports"


@require_GET
@member_page(Role.VIEWER)
def template(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what came of one template."""
    row = template_for(request.member, pk)
    (result,) = template_results(request.member, row)
    context = {"template": row, "result": result}
    return render_region(request, f"{_FOLDER}/template.html", context, region="template_result")


@require_GET
@member_page(Role.VIEWER)
def templates(request: MemberRequest) -> HttpResponse:
    """Show side by side what came of the templates that messages were made from."""
    context = {"results": template_results(request.member)}
    return render_region(request, f"{_FOLDER}/templates.html", context, region="template_results")
