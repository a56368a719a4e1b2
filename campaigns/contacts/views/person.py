"""The page of one contact: everything that is known of a person, from every room."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from campaigns.contacts import queries
from campaigns.contacts.core.fields import LABELS, SUBSCRIBER, TIME_ZONE
from campaigns.contacts.core.verdicts import VERDICT_LABELS
from campaigns.contacts.forms import FORM_FIELDS, NoteForm
from campaigns.contacts.models import Contact, Suppression
from campaigns.contacts.parts import parts
from campaigns.contacts.states import SUBSCRIBER_KINDS, Subscribers
from outreach.accounts.access import MemberRequest, member_page
from outreach.accounts.roles import Role
from outreach.kit.htmx import render_region

_FOLDER = "campaigns/contacts"


@require_GET
@member_page(Role.VIEWER)
def detail(request: MemberRequest, contact_id: int) -> HttpResponse:
    """Show everything about one contact."""
    contact = queries.contact_for(request.member, contact_id)
    return contact_page(request, contact, NoteForm())


def contact_page(request: MemberRequest, contact: Contact, form: NoteForm) -> HttpResponse:
    """Answer with the page of a contact; `form` is the note that was typed. htmx asks for the timeline alone."""
    after = request.GET.get("after", "")
    moments, older = queries.timeline_of(request.member, contact, after=after)
    context = {
        "contact": contact,
        "moments": moments,
        "older": older.written() if older else "",
        "is_later_page": bool(after),
        "form": form,
        **_facts(request, contact),
    }
    status = 422 if form.errors else 200
    return render_region(request, f"{_FOLDER}/detail.html", context, region="timeline", status=status)


def _facts(request: MemberRequest, contact: Contact) -> dict[str, Any]:
    """Return what stands beside the timeline."""
    plain = [name for name in FORM_FIELDS if name != TIME_ZONE and getattr(contact, name)]
    return {
        "facts": [(LABELS[name], _shown(contact, name)) for name in plain],
        "zone": queries.zone_known_of(contact),
        "suppression": queries.suppression_of(contact),
        "refusals": _refusals(contact),
        "grounds": queries.grounds_of(contact),
        "lists": queries.lists_with(contact),
        "tags": queries.tags_with(contact),
        "verdict_words": VERDICT_LABELS[contact.verdict],
        "address": queries.facts_of(contact),
        "notes": [(note, _may_change(request, note.created_by_id)) for note in queries.notes_of(contact)],
        "cards": [card for part in parts() for card in part.cards(request.member, contact)],
    }


def _shown(contact: Contact, name: str) -> str:
    text: str = getattr(contact, name)
    return SUBSCRIBER_KINDS[Subscribers(text)] if name == SUBSCRIBER else text


def _refusals(contact: Contact) -> list[Suppression]:
    """Return what keeps single senders from the contact."""
    key = contact.workspace_id, contact.email_key
    return queries.refusing([key]).get(key, [])


def _may_change(request: MemberRequest, author_id: int | None) -> bool:
    member = request.member
    return member.may(Role.ADMIN) or (member.may(Role.MEMBER) and author_id == member.user.pk)
