"""Pages of a workspace's custom fields: which there are, their labels and kinds, and how to be rid of one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.contacts import queries, services
from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.kinds import CHOICES, Typed, typed_from
from campaigns.contacts.errors import FieldInUse
from campaigns.contacts.models import CustomField
from campaigns.contacts.models.fields import LABEL_LIMIT
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region
from outreach.kit.words import plural

_FOLDER = "campaigns/contacts"


@require_GET
@member_page(Role.VIEWER)
def fields(request: MemberRequest) -> HttpResponse:
    """Show the custom fields of the workspace."""
    return render_region(
        request,
        f"{_FOLDER}/fields.html",
        {"fields": queries.fields_of(request.member), "removals": queries.removals_of(request.member)},
    )


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def field_edit(request: MemberRequest, field_id: int) -> HttpResponse:
    """Change the label or the kind of a field; a kind that some values do not fit is asked about first."""
    field = queries.field_for(request.member, field_id)
    if request.method == "GET":
        return _field_page(request, field, Typed(FieldKind(field.kind)))
    typed = typed_from(request.POST.get("kind", "")) or Typed(FieldKind(field.kind))
    services.label_field(field, request.POST.get("label", ""))
    if typed.kind != field.kind:
        fit = queries.fit_of(field, typed)
        if fit.misfits and request.POST.get("misfits") != str(fit.misfits):
            field.refresh_from_db()
            return _field_page(request, field, fit.typed, fit)
        services.change_kind(field, fit.typed)
    messages.success(request, f"The field {field.name} is changed.")
    return redirect(request.member.url("contacts:fields"))


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def field_delete(request: MemberRequest, field_id: int) -> HttpResponse:
    """Ask once with the number of contacts, then take the field from all of them."""
    field = queries.field_for(request.member, field_id)
    if request.method == "GET":
        context = {"field": field, "count": queries.contacts_with(field)}
        return render_region(request, f"{_FOLDER}/field_delete.html", context)
    try:
        count = services.delete_field(field)
    except FieldInUse as error:
        messages.error(request, str(error))
        return redirect(request.member.url("contacts:fields"))
    values = "its values follow" if count is None else f"with its values of {plural(count, 'contact')}"
    messages.success(request, f"The field {field.name} is gone, {values}.")
    return redirect(request.member.url("contacts:fields"))


def _field_page(
    request: MemberRequest, field: CustomField, typed: Typed, fit: queries.Fit | None = None
) -> HttpResponse:
    context = {
        "field": field,
        "kinds": [(choice.code, choice.label, choice == typed) for choice in CHOICES],
        "label_limit": LABEL_LIMIT,
        "fit": fit,
    }
    return render_region(request, f"{_FOLDER}/field.html", context, status=422 if fit else 200)
