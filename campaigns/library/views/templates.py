"""Pages of the templates."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.library import queries, services
from campaigns.library.core.places import places_in
from campaigns.library.forms import TemplateForm
from campaigns.library.models import StepTemplate
from campaigns.library.origin_queries import usages_of
from campaigns.library.views.frame import FOLDER, kept, status_of
from campaigns.sequences.variables import known_variables
from campaigns.templating import lint
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged
from outreach.slots import LIBRARY_RESULTS, TEMPLATE_RESULTS


@require_GET
@member_page(Role.VIEWER)
def templates(request: MemberRequest) -> HttpResponse:
    """Show the templates by name."""
    sought = request.GET.get("q", "")
    page = paged(request, queries.templates_of(request.member, sought), by="name", rises=True)
    return render_region(
        request,
        f"{FOLDER}/templates.html",
        {"page": page, "q": sought, "results_url": LIBRARY_RESULTS},
        region="templates",
    )


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def template_new(request: MemberRequest) -> HttpResponse:
    """Write a new template."""
    form = TemplateForm(request.POST if request.method == "POST" else None)
    row = kept(form, lambda: services.create_template(request.member, form.entry()))
    if row:
        messages.success(request, f"{row.name} is in the library.")
        return redirect(request.member.url("library:template", row.pk))
    return _page(request, form, None)


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def template(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a template with what it asks for, and change it."""
    row = queries.template_for(request.member, pk)
    if request.method == "GET":
        return _page(request, TemplateForm.of(row, is_frozen=not request.member.may(Role.MEMBER)), row)
    form = TemplateForm(request.POST)
    if kept(form, lambda: services.change_template(row, form.entry(), seen=form.cleaned_data["seen"])):
        messages.success(request, "Saved. Steps that it was put into keep their wording.")
        return redirect(request.member.url("library:template", pk))
    return _page(request, form, row)


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def template_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask once, then forget a template; what was written with it stays."""
    row = queries.template_for(request.member, pk)
    if request.method == "GET":
        return render_region(request, f"{FOLDER}/template_delete.html", {"template": row})
    services.delete_template(row)
    messages.success(request, f"{row.name} is gone; what was written with it stays.")
    return redirect(request.member.url("library:templates"))


def _page(request: MemberRequest, form: TemplateForm, row: StepTemplate | None) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "template": row,
        "variables": sorted(known_variables(request.member.workspace.pk)),
        "may_change": request.member.may(Role.MEMBER),
    }
    if row is not None:
        context["places"] = places_in([row.subject, row.body_text], html=row.body_html)
        context |= {"uses": usages_of(row), "results_url": TEMPLATE_RESULTS}
        context["findings"] = [
            one
            for one in lint(row.subject, row.body_text, row.body_html, opens_thread=bool(row.subject))
            if one.code != "open_place"  # these are what a template is for
        ]
    return render_region(request, f"{FOLDER}/template.html", context, region="template", status=status_of(form))
