"""What people write about a contact."""

from __future__ import annotations

from django.db import transaction

from campaigns.contacts.errors import BadContact, NotYours
from campaigns.contacts.models import NOTE_LIMIT, Contact, ContactNote
from campaigns.contacts.services.people import GONE_WORDS, held
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import clock


def add_note(member: Member, contact: Contact, text: str) -> ContactNote:
    """Store a note. Raises BadContact when there is nothing in it, or too much, or the person was erased meanwhile."""
    cleaned = _cleaned(text)
    with transaction.atomic():
        if not held(contact.workspace_id, [contact.pk]):
            raise BadContact("text", GONE_WORDS)
        return ContactNote.objects.create(contact=contact, text=cleaned, created_by=member.user)


def edit_note(member: Member, note: ContactNote, text: str) -> None:
    """Give a note another text; who wrote it may, and an admin. Raises BadContact, NotYours."""
    _require(member, note)
    cleaned = _cleaned(text)
    alive = ContactNote.objects.filter(pk=note.pk, deleted_at=None).exclude(text=cleaned)
    alive.update(text=cleaned, edited_by=member.user, edited_at=clock.now())


def delete_note(member: Member, note: ContactNote) -> None:
    """Take the text away and keep who did it and when; who wrote it may, and an admin. Raises NotYours."""
    _require(member, note)
    alive = ContactNote.objects.filter(pk=note.pk, deleted_at=None)
    alive.update(text="", deleted_by=member.user, deleted_at=clock.now())


def _require(member: Member, note: ContactNote) -> None:
    if note.created_by_id != member.user.pk and not member.may(Role.ADMIN):
        raise NotYours("Somebody else wrote this note: only they and an admin can change it.")


def _cleaned(text: str) -> str:
    cleaned = text.replace("\0", " ").replace("\r\n", "\n").strip()
    if not cleaned:
        raise BadContact("text", "There is nothing in the note.")
    if len(cleaned) > NOTE_LIMIT:
        raise BadContact("text", f"The note has {len(cleaned):,} characters; {NOTE_LIMIT:,} fit.")
    return cleaned
