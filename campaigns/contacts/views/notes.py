"""Notes about a contact: written, changed and taken away on its page."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.contacts import queries, services
from campaigns.contacts.errors import BadContact, NotYours
from campaigns.contacts.forms import NoteForm
from campaigns.contacts.views.person import contact_page
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region


@require_POST
@member_page(Role.MEMBER)
def add(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Write a note."""
    contact = queries.contact_for(request.member, contact_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            services.add_note(request.member, contact, form.cleaned_data["text"])
        except BadContact as error:
            form.refuse(error)
        else:
            messages.success(request, "Note kept.")
            return redirect(request.member.url("contacts:detail", contact.pk))
    return contact_page(request, contact, form)


@require_http_methods(["GET", "POST"])
@member_page(Role.MEMBER)
def edit(request: MemberRequest, note_id: int) -> HttpResponse:
    """Change a note."""
    note = queries.note_for(request.member, note_id)
    form = NoteForm(request.POST if request.method == "POST" else None, initial={"text": note.text})
    if form.is_valid():
        try:
            services.edit_note(request.member, note, form.cleaned_data["text"])
        except BadContact as error:
            form.refuse(error)
        except NotYours as error:
            raise PermissionDenied(str(error)) from error
        else:
            messages.success(request, "Note changed.")
            return redirect(request.member.url("contacts:detail", note.contact_id))
    context = {"note": note, "form": form}
    return render_region(request, "campaigns/contacts/note.html", context, status=422 if form.errors else 200)


@require_POST
@member_page(Role.MEMBER)
def remove(request: MemberRequest, note_id: int) -> HttpResponse:
    """Take a note away; that there was one, and who took it away, stays in the timeline."""
    note = queries.note_for(request.member, note_id)
    try:
        services.delete_note(request.member, note)
    except NotYours as error:
        raise PermissionDenied(str(error)) from error
    messages.success(request, "Note deleted.")
    return redirect(request.member.url("contacts:detail", note.contact_id))
