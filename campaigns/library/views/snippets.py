"""Pages of the snippets."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.library import queries, services
from campaigns.library.forms import SnippetForm
from campaigns.library.models import Snippet
from campaigns.library.views.frame import FOLDER, kept, status_of
from campaigns.sequences.variables import known_variables
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged


@require_GET
@member_page(Role.VIEWER)
def snippets(request: MemberRequest) -> HttpResponse:
    """Show the snippets by name."""
    sought = request.GET.get("q", "")
    page = paged(request, queries.snippets_of(request.member, sought), by="name", rises=True)
    return render_region(request, f"{FOLDER}/snippets.html", {"page": page, "q": sought}, region="snippets")


@require_GET
@member_page(Role.VIEWER)
def at_hand(request: MemberRequest) -> HttpResponse:
    """Show the snippets that the editor puts where the cursor is; a region that its page asks for."""
    context = {"snippets": queries.snippets_at_hand(request.member)}
    return render_region(request, f"{FOLDER}/at_hand.html", context, region="at_hand")


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def snippet_new(request: MemberRequest) -> HttpResponse:
    """Write a new snippet."""
    form = SnippetForm(request.POST if request.method == "POST" else None)
    row = kept(form, lambda: services.create_snippet(request.member, form.entry()))
    if row:
        messages.success(request, f"{row.name} is in the library.")
        return redirect(request.member.url("library:snippets"))
    return _page(request, form, None)


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER)
def snippet(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a snippet, and change it."""
    row = queries.snippet_for(request.member, pk)
    if request.method == "GET":
        return _page(request, SnippetForm.of(row, is_frozen=not request.member.may(Role.MEMBER)), row)
    form = SnippetForm(request.POST)
    if kept(form, lambda: services.change_snippet(row, form.entry(), seen=form.cleaned_data["seen"])):
        messages.success(request, "Saved. Texts that it was put into keep theirs.")
        return redirect(request.member.url("library:snippets"))
    return _page(request, form, row)


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def snippet_removal(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask once, then forget a snippet."""
    row = queries.snippet_for(request.member, pk)
    if request.method == "GET":
        return render_region(request, f"{FOLDER}/snippet_delete.html", {"snippet": row})
    services.delete_snippet(row)
    messages.success(request, f"{row.name} is gone; texts that it was put into keep theirs.")
    return redirect(request.member.url("library:snippets"))


def _page(request: MemberRequest, form: SnippetForm, row: Snippet | None) -> HttpResponse:
    context = {
        "form": form,
        "snippet": row,
        "variables": sorted(known_variables(request.member.workspace.pk)),
        "may_change": request.member.may(Role.MEMBER),
    }
    return render_region(request, f"{FOLDER}/snippet.html", context, region="snippet", status=status_of(form))
