"""Pages about lists."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.contacts import queries, services
from campaigns.contacts.errors import BadContact
from campaigns.contacts.forms import ListForm
from campaigns.contacts.models import ContactList
from campaigns.contacts.states import CheckState
from campaigns.contacts.views.people import listing
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region

_FOLDER = "campaigns/contacts"


@require_GET
@member_page(Role.VIEWER)
def lists(request: MemberRequest) -> HttpResponse:
    """Show every list with its size."""
    return _lists_page(request, ListForm())


@require_POST
@member_page(Role.MEMBER)
def list_create(request: MemberRequest) -> HttpResponse:
    """Make an empty list."""
    form = ListForm(request.POST)
    if form.is_valid():
        try:
            row = services.create_list(request.member.workspace, form.cleaned_data["name"])
        except BadContact as error:
            form.refuse(error)
        else:
            messages.success(request, f"List {row.name} created.")
            return redirect(request.member.url("contacts:list_detail", row.pk))
    return _lists_page(request, form)


@require_GET
@member_page(Role.VIEWER)
def list_detail(request: MemberRequest, list_id: int) -> HttpResponse:
    """Show the contacts of one list."""
    row = queries.list_for(request.member, list_id)
    return _list_page(request, row, ListForm(initial={"name": row.name}))


@require_POST
@member_page(Role.MEMBER)
def list_rename(request: MemberRequest, list_id: int) -> HttpResponse:
    """Give the list another name."""
    row = queries.list_for(request.member, list_id)
    form = ListForm(request.POST)
    if form.is_valid():
        try:
            services.rename_list(row, form.cleaned_data["name"])
        except BadContact as error:
            form.refuse(error)
        else:
            messages.success(request, "List renamed.")
            return redirect(request.member.url("contacts:list_detail", list_id))
    return _list_page(request, row, form)


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def list_delete(request: MemberRequest, list_id: int) -> HttpResponse:
    """Ask once, then delete the list; its contacts stay."""
    row = queries.list_for(request.member, list_id)
    if request.method == "GET":
        return render_region(request, f"{_FOLDER}/list_delete.html", {"list": row})
    try:
        services.delete_list(row)
    except ProtectedError:
        messages.error(request, f"{row.name} is the audience of a campaign; take it off there first.")
        return redirect(request.member.url("contacts:list_detail", list_id))
    messages.success(request, f"List {row.name} deleted; its contacts stay.")
    return redirect(request.member.url("contacts:lists"))


def _lists_page(request: MemberRequest, form: ListForm) -> HttpResponse:
    context = {"lists": queries.lists_of(request.member), "form": form}
    return render_region(request, f"{_FOLDER}/lists.html", context, status=422 if form.errors else 200)


def _list_page(request: MemberRequest, row: ContactList, form: ListForm) -> HttpResponse:
    filters = replace(queries.filters_from(request.GET), list_id=row.pk)
    check = queries.last_check_of(row)
    context = listing(request, filters) | {
        "list": row,
        "form": form,
        "check": check,
        "interest": queries.newest_interest(row),
        "is_checking": check is not None and check.state == CheckState.RUNNING,
        "may_check": request.member.may(Role.MEMBER) and row.workspace.time_scale == 1,
    }
    region = "" if form.errors else "results"
    return render_region(
        request, f"{_FOLDER}/list_detail.html", context, region=region, status=422 if form.errors else 200
    )
