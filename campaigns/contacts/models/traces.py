"""What an import changed of known contacts, and what it gave them: kept for a while, so that it can be undone."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from campaigns.contacts.models.imports import ContactImport
from campaigns.contacts.models.people import Contact
from campaigns.contacts.states import TraceKind


class ImportChange(models.Model):
    """What an import changed of one contact that was known before. It goes with the contact: its values are personal.

    Neither key is checked by the database: it would look up the one same import once for every row, and the merge that
    writes the rows holds their contacts.
    """

    contact_import = models.ForeignKey(
        ContactImport, on_delete=models.CASCADE, related_name="changes", db_index=False, db_constraint=False
    )
    # indexed: what an erasure and the timeline of a contact look up
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="import_changes", db_constraint=False)
    updated_before = models.DateTimeField()  # the contact's updated_at before
    changes = models.JSONField()  # field, or "fields.<name>" -> [before, after]; before is null where there was none

    class Meta:
        db_table = "contacts_import_change"
        constraints = [
            models.UniqueConstraint(fields=["contact_import", "contact"], name="contacts_changed_once_by_an_import"),
        ]


class ImportTrace(models.Model):
    """Ids of one kind that belong to an import, sorted, some thousands in a row: 8 bytes for each."""

    contact_import = models.ForeignKey(ContactImport, on_delete=models.CASCADE, related_name="traces", db_index=False)
    kind = models.CharField(max_length=6)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    ids = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "contacts_import_trace"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=list(TraceKind)), name="contacts_known_trace_kind"),
        ]
        indexes = [
            # undo: what is left of a kind; whether a later import knew some contacts
            models.Index(fields=["contact_import", "kind", "first_id"], name="contacts_traces_in_order"),
        ]
