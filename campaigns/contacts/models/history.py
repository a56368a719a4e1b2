"""What people wrote about a contact, and what they changed of it."""

from __future__ import annotations

from django.db import models

from campaigns.contacts.models.people import Contact
from outreach.accounts.models import User

NOTE_LIMIT = 5_000


class ContactNote(models.Model):
    """A note about a contact. One that was deleted keeps who and when, not its text."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="notes", db_index=False)
    text = models.TextField(blank=True, max_length=NOTE_LIMIT)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    edited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    edited_at = models.DateTimeField(null=True)  # of the last change of the text
    deleted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_note"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(deleted_at__isnull=True) & ~models.Q(text="")
                | models.Q(deleted_at__isnull=False, text=""),
                name="contacts_deleted_note_has_no_text",
            ),
        ]
        indexes = [
            # notes and timeline of a contact, newest first
            models.Index(fields=["contact", "-created_at", "-id"], name="contacts_notes_of_contact"),
        ]


class ContactEdit(models.Model):
    """What a person changed of a contact by hand. Rows are added and never changed."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="edits", db_index=False)
    changes = models.JSONField()  # field, or "fields.<name>" -> [before, after]
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts_edit"
        indexes = [
            # timeline of a contact, newest first
            models.Index(fields=["contact", "-made_at", "-id"], name="contacts_edits_of_contact"),
        ]
