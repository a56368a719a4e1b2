"""Pages about segments: all of them, and the one on which a condition is put together."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import replace_url

from campaigns.contacts import queries, services
from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Segment
from campaigns.contacts.views.desk import desk_context, desk_of, desk_sent
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region

_FOLDER = "campaigns/contacts"


@require_GET
@member_page(Role.VIEWER)
def segments(request: MemberRequest) -> HttpResponse:
    """Show every segment with its condition."""
    rows = [(row, urlencode({"where": f"segment is {row.pk}"})) for row in queries.segments_of(request.member)]
    return render_region(request, f"{_FOLDER}/segments.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def build(request: MemberRequest) -> HttpResponse:
    """Put a new condition together, and keep it under a name."""
    return _page(request, None)


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def change(request: MemberRequest, segment_id: int) -> HttpResponse:
    """Change a segment; whoever uses it follows."""
    return _page(request, queries.segment_for(request.member, segment_id))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def delete(request: MemberRequest, segment_id: int) -> HttpResponse:
    """Ask once, then delete the segment; its contacts stay."""
    row = queries.segment_for(request.member, segment_id)
    if request.method == "GET":
        return render_region(request, f"{_FOLDER}/segment_delete.html", {"segment": row})
    try:
        services.delete_segment(row)
    except ProtectedError as error:
        users = ", ".join(sorted({str(one) for one in error.protected_objects}))
        messages.error(request, f"{row.name} is used by {users}; take it off there first.")
        return redirect(request.member.url("contacts:segment_edit", segment_id))
    messages.success(request, f"Segment {row.name} deleted; its contacts stay.")
    return redirect(request.member.url("contacts:segments"))


def _page(request: MemberRequest, row: Segment | None) -> HttpResponse:
    vocabulary = queries.vocabulary_of(request.member.workspace.pk)
    name = request.POST.get("name", row.name if row else "")[:400]
    do, status, errors = request.POST.get("do", ""), 200, []
    if request.method == "POST":
        desk = desk_sent(request.POST, vocabulary)
        if do == "save" and not desk.problem and desk.node is not None:
            try:
                kept = _keep(request, row, name, desk.where)
            except (BadContact, BadQuery) as error:
                errors, status = [error.cause], 422
            else:
                messages.success(request, f"Segment {kept.name} saved.")
                return redirect(
                    f"{request.member.url('contacts:list')}?{urlencode({'where': f'segment is {kept.pk}'})}"
                )
        elif do == "save":
            status = 422
    else:
        desk = desk_of(request.GET.get("where", row.where if row else ""), vocabulary)
    context = {
        "segment": row, "name": name, "errors": errors,
        **desk_context(request.member, desk, vocabulary, is_exact=do == "exact"),
    }  # fmt: skip
    response = render_region(request, f"{_FOLDER}/segment.html", context, region="builder", status=status)
    return replace_url(response, f"?{urlencode({'where': desk.where})}") if request.htmx and desk.node else response


def _keep(request: MemberRequest, row: Segment | None, name: str, where: str) -> Segment:
    if row is None:
        return services.create_segment(request.member, name, where)
    services.change_segment(row, name, where)
    return row
