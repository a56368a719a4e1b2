"""What a person may ask for, page by page: a copy, an erasure, where the address came from."""

from __future__ import annotations

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.contacts import queries, services
from campaigns.contacts.errors import MayNotErase
from campaigns.contacts.forms import EraseForm, RetentionForm
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged

_FOLDER = "campaigns/contacts"


@require_GET
@member_page(Role.MEMBER)
def data(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Show everything that is stored about a contact, to be printed or sent."""
    contact = queries.contact_for(request.member, contact_id)
    found = queries.data_of(request.member, contact)
    context = {"contact": contact, "data": found, "sections": found.as_texts()}
    return render_region(request, f"{_FOLDER}/data.html", context)


@require_GET
@member_page(Role.MEMBER)
def data_file(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Hand out the same as one file."""
    contact = queries.contact_for(request.member, contact_id)
    content = queries.data_of(request.member, contact).as_json()
    response = HttpResponse(content, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="person-{contact.pk}.json"'
    return response


@require_GET
@member_page(Role.VIEWER)
def origin(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Answer "how did you get my address?" in words that can be sent to the person."""
    contact = queries.contact_for(request.member, contact_id)
    text = queries.origin_letter(request.member, contact)
    return render_region(request, f"{_FOLDER}/origin.html", {"contact": contact, "text": text})


@require_http_methods(["GET", "POST"])
@member_page(Role.ADMIN)
def erasure(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Ask, with what goes and what stays, then forget the contact."""
    contact = queries.contact_for(request.member, contact_id)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.erase(request.member, contact, **form.cleaned_data)
        except MayNotErase as error:
            form.add_error("typed", str(error))
        else:
            messages.success(request, "The person is erased. Nothing is sent to them any more.")
            return redirect(request.member.url("contacts:erasures"))
    former = queries.former_addresses(contact)
    context = {
        "contact": contact,
        "form": form,
        "barred": [one for one in former if one.held_by is None],
        "held": [one for one in former if one.held_by is not None],
    }
    return render_region(request, f"{_FOLDER}/erasure.html", context, status=422 if form.errors else 200)


@require_GET
@member_page(Role.VIEWER)
def erasures(request: MemberRequest) -> HttpResponse:
    """Show who was erased, as far as it may be known: when, by whom, and the print that is left."""
    context = {"page": paged(request, queries.erasures_of(request.member), by="wanted_at")}
    return render_region(request, f"{_FOLDER}/erasures.html", context)


@require_http_methods(["GET", "POST"])
@member_page(Role.VIEWER, changes=Role.ADMIN)
def retention(request: MemberRequest) -> HttpResponse:
    """Say after how long what is forgotten, and show what was."""
    member = request.member
    rules = queries.retention_of(member)
    is_post = request.method == "POST"
    form = RetentionForm(request.POST if is_post else None, initial=model_to_dict(rules))
    if form.is_valid():
        services.set_retention(member.workspace, form.cleaned_data)
        messages.success(request, "Saved. It is looked at once a day.")
        return redirect(member.url("contacts:retention"))
    context = {
        "form": form,
        "may_change": member.may(Role.ADMIN),
        "page": paged(request, queries.retention_runs_of(member), by="begun_at"),
    }
    return render_region(request, f"{_FOLDER}/retention.html", context, status=422 if form.errors else 200)
