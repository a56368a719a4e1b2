"""Pages about segments: all of them, and the one on which a condition is put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import replace_url

from campaigns.contacts import queries, services
from campaigns.contacts.core.segments import EVERYBODY, BadQuery, Node, Vocabulary, parse, write
from campaigns.contacts.core.segments.sheets import Sheet, node_of, sheet_of
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Segment
from campaigns.contacts.queries.listing import COUNT_LIMIT, Count
from campaigns.contacts.views.sheet import checked, sheet_context, sheet_from
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


@dataclass(slots=True)
class _Desk:
    """What the page shows: the condition as text and as rows, and what is wrong with it."""

    where: str
    sheet: Sheet | None
    node: Node | None = None
    problem: str = ""


def _page(request: MemberRequest, row: Segment | None) -> HttpResponse:
    vocabulary = queries.vocabulary_of(request.member.workspace.pk)
    name = request.POST.get("name", row.name if row else "")[:400]
    do, status, errors = request.POST.get("do", ""), 200, []
    if request.method == "POST":
        desk = _sent(request, vocabulary)
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
        desk = _stored(request.GET.get("where", row.where if row else ""), vocabulary)
    context = {
        "segment": row, "name": name, "errors": errors, "is_text": desk.sheet is None or "as_text" in request.POST,
        **_shown(request, desk, vocabulary, is_exact=do == "exact"),
    }  # fmt: skip
    response = render_region(request, f"{_FOLDER}/segment.html", context, region="builder", status=status)
    return replace_url(response, f"?{urlencode({'where': desk.where})}") if request.htmx and desk.node else response


def _stored(where: str, vocabulary: Vocabulary) -> _Desk:
    """Return the desk for a text: of the URL, of the segment, or typed."""
    try:
        node = parse(where, vocabulary)
    except BadQuery as error:
        return _Desk(where[:10_000], None, problem=str(error))
    return _Desk(write(node), sheet_of(node), node)


def _sent(request: MemberRequest, vocabulary: Vocabulary) -> _Desk:
    """Return the desk for what was filled in: the text, or the rows."""
    if "where" in request.POST:
        desk = _stored(request.POST["where"], vocabulary)
        return _Desk(desk.where, None if "as_text" in request.POST else desk.sheet, desk.node, desk.problem)
    sheet, is_good = checked(sheet_from(request.POST), vocabulary)
    if not is_good:
        return _Desk("", sheet, problem="Some conditions are not complete.")
    try:
        node = node_of(sheet, vocabulary)
        return _Desk(write(parse(write(node), vocabulary)), sheet, node)
    except BadQuery as error:
        return _Desk("", sheet, problem=str(error))


def _keep(request: MemberRequest, row: Segment | None, name: str, where: str) -> Segment:
    if row is None:
        return services.create_segment(request.member, name, where)
    services.change_segment(row, name, where)
    return row


def _shown(request: MemberRequest, desk: _Desk, vocabulary: Vocabulary, *, is_exact: bool) -> dict[str, Any]:
    count, problem = None, desk.problem
    if desk.node is not None:
        try:
            rows = queries.contacts_where(
                request.member.workspace, queries.read_condition(request.member.workspace.pk, desk.where)
            )
            count = Count(rows.count(), 2**63) if is_exact else Count(rows[: COUNT_LIMIT + 1].count(), COUNT_LIMIT)
        except BadQuery as error:
            problem = str(error)
    sheet = sheet_context(request.member, desk.sheet, vocabulary) if desk.sheet else {}
    return {
        "where": desk.where,
        "problem": problem,
        "count": count,
        "is_everybody": desk.node == EVERYBODY,
        "people_query": urlencode({"where": desk.where}),
        **sheet,
    }
