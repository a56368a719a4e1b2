"""Pages about contacts: the list with its filters, one contact, bulk actions, export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.contacts import queries, services
from campaigns.contacts.core.columns import label
from campaigns.contacts.core.segments import BadQuery
from campaigns.contacts.core.verdicts import VERDICT_LABELS
from campaigns.contacts.downloads import contacts_file
from campaigns.contacts.errors import BadContact, Overtaken
from campaigns.contacts.forms import FORM_FIELDS, ContactForm, field_inputs
from campaigns.contacts.models import Contact
from campaigns.contacts.queries import Filters
from campaigns.contacts.queries.listing import Count
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.paging import paged

_FOLDER = "campaigns/contacts"
_FIELDS_SHOWN = 200  # custom fields that the form offers although this contact has none of them
_CUSTOM_ROWS = 2  # empty rows offered for custom fields
_VERDICTS = [(verdict or queries.UNCHECKED, words) for verdict, words in VERDICT_LABELS.items()]


@require_GET
@member_page(Role.VIEWER)
def people(request: MemberRequest) -> HttpResponse:
    """Show the contacts that the filters of the URL leave, newest first."""
    filters = queries.filters_from(request.GET)
    return render_region(request, f"{_FOLDER}/list.html", listing(request, filters), region="results")


def listing(request: MemberRequest, filters: Filters) -> dict[str, Any]:
    """Return what the table of contacts needs; the number of queries does not depend on the number of rows."""
    problem = ""
    try:
        rows, count = queries.listed(request.member, filters)
    except BadQuery as error:
        rows, count, problem = Contact.objects.none(), Count(0, 0), str(error)
    sort = queries.sort_from(request.GET)
    page = paged(request, sort.keyed(rows), by=sort.by, rises=sort.rises)
    stopped = queries.suppressions_among(request.member, page.rows)
    return {
        "page": page,
        "rows": [(contact, stopped.get(contact.pk), VERDICT_LABELS[contact.verdict]) for contact in page.rows],
        "count": count,
        "names_searched": queries.NAMES_SEARCHED if filters.search and queries.names_are_cut(request.member) else 0,
        "filters": filters,
        "problem": problem,
        "builder_query": urlencode({"where": filters.where}) if filters.where else "",
        "query": _without_cursor(request.GET),
        "sort": sort,
        "sorts": queries.SORTS,
        "scope": filters.as_query(),
        "lists": queries.list_names_of(request.member),
        "countries": queries.countries_of(request.member),
        "verdicts": _VERDICTS,
        "tags": queries.tag_names_of(request.member),
    }


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def create(request: MemberRequest) -> HttpResponse:
    """Add one contact by hand."""
    form = ContactForm(request.POST if request.method == "POST" else None)
    custom = _read_custom(request.POST)
    if form.is_valid():
        try:
            contact = services.create_contact(request.member.workspace, form.cleaned_data, dict(custom))
        except BadContact as error:
            form.refuse(error)
        else:
            messages.success(request, f"{contact.email} added.")
            return redirect(request.member.url("contacts:detail", contact.pk))
    return _form_page(request, form, custom)


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def edit(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Change one contact."""
    contact = queries.contact_for(request.member, contact_id)
    form = ContactForm(
        request.POST if request.method == "POST" else None,
        initial={
            **{name: getattr(contact, name) for name in FORM_FIELDS},
            "seen": services.seen_contact(contact, contact.fields),
        },
    )
    theirs: Mapping[str, Sequence[str]] = {}
    custom = _read_custom(request.POST) if form.is_bound else list(contact.fields.items())
    if form.is_valid():
        try:
            seen = form.cleaned_data["seen"]
            services.edit_contact(contact, form.cleaned_data, dict(custom), by=request.member.user, seen=seen)
        except Overtaken as error:
            form.overtake(error)
            theirs = error.changes
        except BadContact as error:
            form.refuse(error)
        else:
            messages.success(request, "Changes saved.")
            return redirect(request.member.url("contacts:detail", contact.pk))
    return _form_page(request, form, custom, contact, theirs)


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def delete(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Ask once, then delete the contact."""
    contact = queries.contact_for(request.member, contact_id)
    if request.method == "GET":
        return render_region(request, f"{_FOLDER}/delete.html", {"contacts": [contact], "back": contact})
    return _delete(request, [contact.pk])


@require_GET
@member_page(Role.MEMBER)
def export(request: MemberRequest) -> HttpResponseBase:
    """Stream the filtered contacts, as CSV or as a workbook."""
    filters = queries.filters_from(request.GET)
    try:
        rows = queries.contacts_of(request.member, filters, every=True)
    except BadQuery as error:
        messages.error(request, str(error))
        return redirect(request.member.url("contacts:list") + f"?{request.GET.urlencode()}")
    return contacts_file(request, f"contacts-{request.member.workspace.slug}", rows)


def _form_page(
    request: MemberRequest,
    form: ContactForm,
    custom: list[tuple[str, str]],
    contact: Contact | None = None,
    theirs: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> HttpResponse:
    """Show the form. theirs: where it was overtaken, what is stored now and what was typed, by field."""
    context = {
        "contact": contact,
        "form": form,
        "custom": field_inputs(dict(custom), queries.fields_of(request.member)[:_FIELDS_SHOWN]),
        "theirs": [(label(name), *pair) for name, pair in theirs.items()],
        "empty_rows": range(_CUSTOM_ROWS),
    }
    return render_region(request, f"{_FOLDER}/form.html", context, region="form", status=422 if form.errors else 200)


def _read_custom(post: QueryDict) -> list[tuple[str, str]]:
    """Return the custom fields of the form as pairs; those without a name are left out."""
    pairs = zip(post.getlist("custom_name"), post.getlist("custom_value"), strict=False)
    return [(name.strip(), text) for name, text in pairs if name.strip()]


def _delete(request: MemberRequest, ids: list[int]) -> HttpResponse:
    count = services.delete_contacts(request.member.workspace, ids)
    messages.success(request, f"{count:,} contact{'' if count == 1 else 's'} deleted.")
    return redirect(request.member.url("contacts:list"))


def _without_cursor(query: QueryDict) -> str:
    kept = query.copy()
    for name in ("after", "before"):
        kept.pop(name, None)
    return kept.urlencode()
