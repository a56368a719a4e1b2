"""Do something to many contacts: those that are ticked, or all that match."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from campaigns.contacts import queries, services
from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.core.tags import parse_tags
from campaigns.contacts.downloads import contacts_file
from campaigns.contacts.errors import BadContact, NothingToCheck
from campaigns.contacts.models import BulkAct, Contact
from campaigns.contacts.states import BulkAction, BulkState
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region

_FOLDER = "campaigns/contacts"
_SELECTED = 500  # contacts that are ticked: what a page can hold, with room
_QUERY_LIMIT = 8_000  # of what is kept to go back to; whom an act is about is never cut: the rest may say more people
# What is done to a handful at once; the rest is asked about first, and done by a worker.
_AT_ONCE = {BulkAction.ADD, BulkAction.REMOVE, BulkAction.TAG, BulkAction.UNTAG}


@require_POST
@member_page(Role.MEMBER)
def selected(request: MemberRequest) -> HttpResponseBase:
    """Do something with the contacts that are ticked, or plan it for all that match."""
    action = request.POST.get("action", "")
    ids = [int(text) for text in request.POST.getlist("contact")[:_SELECTED] if text.isdecimal() and len(text) < 18]
    if action == "delete_confirmed" and ids:
        return _delete(request, ids)
    if action == "export" and (ids or "everyone" in request.POST):
        return _export(request, ids)
    if action not in set(BulkAction):
        messages.warning(request, "Nothing was changed.")
        return redirect(_back(request))
    try:
        return _act(request, BulkAction(action), ids)
    except (BadContact, BadQuery) as error:
        messages.error(request, error.cause)
    except NothingToCheck as error:
        messages.warning(request, str(error))
    return redirect(_back(request))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def bulk(request: MemberRequest, bulk_id: int) -> HttpResponse:
    """Ask with the count; then show how far it is, and what came of it."""
    row = queries.bulk_for(request.member, bulk_id)
    if request.method == "POST":
        if "cancel" in request.POST:
            if services.cancel_bulk(row) and row.state == BulkState.PLANNED:
                messages.info(request, "Nothing was changed.")
                return redirect(f"{request.member.url('contacts:list')}?{row.query}")
        elif not services.confirm_bulk(row):
            messages.info(request, "This had begun already.")
        return redirect(request.member.url("contacts:bulk", bulk_id))
    if request.htmx and row.state != BulkState.RUNNING:
        return HttpResponseClientRedirect(request.member.url("contacts:bulk", bulk_id))
    context = {"bulk": row, "words": _words(row), "percent": 100 * row.done // row.total if row.total else 100}
    return render_region(request, f"{_FOLDER}/bulk.html", context, region="progress")


def _act(request: MemberRequest, action: BulkAction, ids: list[int]) -> HttpResponse:
    """Do it to the ticked, or lead to the question. Raises BadContact, BadQuery, NothingToCheck."""
    is_everybody = "everyone" in request.POST
    if not ids and not is_everybody:
        messages.warning(request, "Tick the contacts first; nothing was changed.")
        return redirect(_back(request))
    if not is_everybody and action is BulkAction.DELETE:
        contacts = queries.contacts_for(request.member, ids)
        return render_region(request, f"{_FOLDER}/delete.html", {"contacts": contacts, "back": None})
    tools = _tools(request, action)
    if not is_everybody and action in _AT_ONCE:
        _do_now(request, action, ids, tools)
        return redirect(_back(request))
    people = _everybody(request) if is_everybody else queries.contacts_for(request.member, ids)
    query = request.POST.get("query", "")
    kept = query if len(query) <= _QUERY_LIMIT else ""
    row = services.plan_bulk(request.member, action, people, query=kept, **tools)
    return redirect(request.member.url("contacts:bulk", row.pk))


def _export(request: MemberRequest, ids: list[int]) -> HttpResponseBase:
    """Stream the ticked, or all who match."""
    try:
        is_everybody = "everyone" in request.POST
        people = _everybody(request) if is_everybody else queries.contacts_for(request.member, ids)
    except BadQuery as error:
        messages.error(request, error.cause)
        return redirect(_back(request))
    return contacts_file(request, f"contacts-{request.member.workspace.slug}", people)


def _everybody(request: MemberRequest) -> QuerySet[Contact]:
    """Return all who match the filters of the page. Raises BadQuery."""
    filters = queries.filters_from(QueryDict(request.POST.get("scope", "")))
    return queries.contacts_of(request.member, filters, every=True)


def _tools(request: MemberRequest, action: BulkAction) -> dict[str, Any]:
    """Return what the act needs: a list, tags, a note. Raises BadContact."""
    if action in {BulkAction.ADD, BulkAction.REMOVE}:
        return {"contact_list": services.list_named(request.member.workspace, request.POST.get("list_name", ""))}
    if action in {BulkAction.TAG, BulkAction.UNTAG}:
        names = parse_tags(request.POST.get("tags", ""))
        if not names:
            raise BadContact("tags", "Say which tags; nothing was changed.")
        return {"tags": names}
    if action is BulkAction.SUPPRESS:
        return {"note": f"By {request.member.user.email}, from a selection of contacts."}
    return {}


def _do_now(request: MemberRequest, action: BulkAction, ids: list[int], tools: dict[str, Any]) -> None:
    workspace = request.member.workspace
    match action:
        case BulkAction.ADD:
            words = f"{services.add_to_list(tools['contact_list'], ids):,} added to {tools['contact_list'].name}."
        case BulkAction.REMOVE:
            count = services.remove_from_list(tools["contact_list"], ids)
            words = f"{count:,} taken off {tools['contact_list'].name}."
        case BulkAction.TAG:
            count = services.add_tags(workspace, ids, tools["tags"])
            words = f"{count:,} contact{'' if count == 1 else 's'} tagged {', '.join(tools['tags'])}."
        case _:
            count = services.remove_tags(workspace, ids, tools["tags"])
            words = f"{count:,} tag{'' if count == 1 else 's'} taken away."
    messages.success(request, words)


def _words(row: BulkAct) -> dict[str, str]:
    """Return the act in words: ask (the question), do (the button), what (while it runs), did (at the end)."""
    people = f"{row.total:,} contact{'' if row.total == 1 else 's'}"
    name = row.contact_list.name if row.contact_list else "a list that is gone"
    tags = ", ".join(row.tags)
    ask, what, did = {
        BulkAction.ADD: (f"Put {people} on {name}?", f"Putting on {name}", f"were put on {name}"),
        BulkAction.REMOVE: (f"Take {people} off {name}?", f"Taking off {name}", f"were taken off {name}"),
        BulkAction.TAG: (f"Tag {people} {tags}?", f"Tagging {tags}", f"were given {tags}"),
        BulkAction.UNTAG: (f"Take {tags} from {people}?", f"Taking {tags} away", "had tags taken away"),
        BulkAction.SUPPRESS: (f"Never write to {people} again?", "Suppressing", "were suppressed"),
        BulkAction.DELETE: (f"Delete {people}?", "Deleting", "were deleted"),
        BulkAction.CHECK: (f"Check the addresses of {people}?", "Checking addresses", "have a verdict now"),
    }[BulkAction(row.action)]
    return {"ask": ask, "what": what, "did": did, "do": ask.rstrip("?")}


def _delete(request: MemberRequest, ids: list[int]) -> HttpResponse:
    count = services.delete_contacts(request.member.workspace, ids)
    messages.success(request, f"{count:,} contact{'' if count == 1 else 's'} deleted.")
    return redirect(request.member.url("contacts:list"))


def _back(request: MemberRequest) -> str:
    """Return the list with the filters that were in force."""
    query = QueryDict(request.POST.get("query", ""))
    return request.member.url("contacts:list") + (f"?{query.urlencode()}" if query else "")
